"""What the installer leaves of itself in the installed system: its kickstart and its logs."""

import shutil
from pathlib import Path

from builder.rehearsal.guest.programs import Runner

_LOGS = ("anaconda.log", "program.log", "storage.log", "packaging.log", "dbus.log", "syslog")
_TMP = Path("/tmp")  # noqa: S108  # where Anaconda has its logs
_NOSAVE_KICKSTART, _NOSAVE_LOGS = "NOSAVE_INPUT_KS", "NOSAVE_LOGS"


def kickstart(source: Path, runner: Runner) -> None:
    """Write /root/anaconda-ks.cfg, which is there before %post from EL 8 on."""
    _private_copy(source, runner.sysroot / "root/anaconda-ks.cfg")


def by_scripts(source: Path, runner: Runner, *, tmp: Path = _TMP) -> None:
    """Do what EL 8 and 9 do by scripts that run as the last of the %post: 90- and 99-…ks.

    They leave out what a file in `tmp` tells them to.
    """
    if not (tmp / _NOSAVE_LOGS).exists():
        _logs(runner, tmp)
    if not (tmp / _NOSAVE_KICKSTART).exists():
        _private_copy(source, runner.sysroot / "root/original-ks.cfg")


def original(source: Path, runner: Runner, *, tmp: Path = _TMP) -> None:
    """Do what EL 10 does itself when the last %post is over, whatever lies in /tmp."""
    _private_copy(source, runner.sysroot / "root/original-ks.cfg")
    _logs(runner, tmp)


def _private_copy(source: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    shutil.copyfile(source, file)


def _logs(runner: Runner, tmp: Path) -> None:
    folder = runner.sysroot / "var/log/anaconda"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LOGS:
        # Each log is there, even where nothing of ours has gone into it.
        text = (tmp / name).read_bytes() if (tmp / name).is_file() else b""
        (folder / name).write_bytes(text)
        (folder / name).chmod(0o600)
