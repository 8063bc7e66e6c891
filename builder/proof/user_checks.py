"""A profile's own checks, run on this host against a clone that lets one key in over ssh."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from builder import files, process
from builder.media import data_iso
from builder.model.audit import Finding
from builder.model.kickstart import Checks
from builder.model.text import plain
from builder.proof.clone_report import Report
from builder.record.builds import is_folder

NAME = "user-checks"
LABEL = "BUILDER_CLONE"
"""Label of the medium on which a clone finds the key to let in (snippets/clones.sh.j2)."""

_HOST = "clone"
_SECONDS = 600


class SshAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How one clone is entered, and what for."""

    key: Path
    """The private key, made for this clone alone, in a folder that is for nothing else."""
    key_iso: Path
    """The medium with the public one."""
    root: Path
    """The folder of the checks' files."""
    checks: tuple[Path, ...]
    """The programs and Python files to run."""


@contextmanager
def entered(checks: Checks, *, key_iso: Path, folder: Path) -> Iterator[SshAccess | None]:
    """Make a key, the medium that brings it to a clone, and the checks' files, for the block.

    None where there are no checks. `folder` is for the files: programs may not be run from /tmp.
    Raises HostError.
    """
    if not checks.programs:
        yield None
        return
    with ExitStack() as undo:
        private = undo.enter_context(TemporaryDirectory(prefix="builder-"))
        key, public = _make_key(Path(private))
        undo.callback(key_iso.unlink, missing_ok=True)
        data_iso.write(LABEL, {"authorized_keys": public}, key_iso, when=datetime.now(UTC))
        undo.callback(forget, folder)
        _unpack(checks, folder)
        programs = tuple(folder / name for name in checks.programs)
        yield SshAccess(key=key, key_iso=key_iso, root=folder, checks=programs)


def forget(folder: Path) -> None:
    """Remove the folder that checks are unpacked to; what is none, or another user's, stays."""
    with suppress(OSError, RecursionError):  # for folders nested a thousand deep, which stay
        if is_folder(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _make_key(folder: Path) -> tuple[Path, bytes]:
    """Make a key in `folder`; return its file and its public half. Raises HostError."""
    key = folder / "key"
    process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "builder", "-f", key])
    return key, key.with_suffix(".pub").read_bytes()


def _unpack(checks: Checks, folder: Path) -> None:
    forget(folder)  # of a process that was killed
    with files.writing(folder):
        for name, file in checks.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            path.chmod(0o700 if file.executable else 0o600)


def run(access: SshAccess, report: Report, *, address: str, port: int) -> Finding:
    """Run each check: pytest with testinfra for a Python file, else the file itself.

    A check sees BUILDER_SSH, the words that run a command in the clone, and BUILDER_SSH_CONFIG.
    """
    config = _configure(access.key, report, address=address, port=port)
    environment = {
        "BUILDER_SSH": f"ssh -F {config} {_HOST}",
        "BUILDER_SSH_CONFIG": str(config),
    }
    failed = []
    for check in access.checks:
        done = process.run(
            _words(check, config, access.root), env=environment, check=False, seconds=_SECONDS
        )
        if done.returncode:
            failed.append(f"{check.name}: {_last(done)}")
    return Finding(check=NAME, says="the profile's own checks pass", details=tuple(failed))


def _configure(key: Path, report: Report, *, address: str, port: int) -> Path:
    """Write what ssh needs; it accepts only the host keys that the clone itself has told of."""
    known = key.with_name("known_hosts")
    known.write_text("".join(f"{_HOST} {each}\n" for each in report.all("ssh-host-key")))
    config = key.with_name("ssh_config")
    config.write_text(
        f"Host {_HOST}\n  HostName {address}\n  Port {port}\n  User root\n  HostKeyAlias {_HOST}\n"
        f"  IdentityFile {key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n"
        "  StrictHostKeyChecking yes\n  BatchMode yes\n  ConnectTimeout 300\n  LogLevel ERROR\n"
    )
    return config


def _words(check: Path, config: Path, root: Path) -> list[str | Path]:
    if check.suffix != ".py":
        return [check]
    # pytest would look for its configuration upwards, in what has nothing to do with the check.
    known = (root / name for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"))
    own = next((path for path in known if path.is_file()), "/dev/null")
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    pytest += ["-c", str(own), f"--rootdir={root}", f"--confcutdir={root}"]
    return [*pytest, f"--hosts=ssh://{_HOST}", f"--ssh-config={config}", check]


def _last(done: process.Completed) -> str:
    said = (done.stdout + done.stderr).strip().splitlines()
    last = plain(said[-1]) if said else "no output"
    return f"{last} (exit {done.returncode})"
