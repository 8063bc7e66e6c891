"""What systemd is asked and told about timers."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from builder import process
from builder.errors import HostError, UsageError
from builder.pipeline.timer import Timer, Units, clock
from builder.process import Completed

_RUNS = Path("/run/systemd/system")
_ANALYZE = "systemd-analyze"
_BUS = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
_STATES = ("ActiveState", "UnitFileState", "NextElapseUSecRealtime", "LastTriggerUSec")
_RESULTS = ("ActiveState", "Result", "ExecMainStatus", "ExecMainExitTimestamp")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What systemd knows of a timer; empty texts where it does not answer."""

    enabled: str = ""
    active: str = ""
    next: str = ""
    last: str = ""
    """When it fired: known after a restart of the host as well."""
    ended: str = ""
    """When its last run ended; what that came to systemd forgets with the host's restart."""
    run: str = ""
    """Of its service: "activating" while a run goes on."""
    result: str = ""
    exit_code: str = ""


def runs() -> bool:
    """Tell whether systemd started this machine, or container."""
    return _RUNS.is_dir()


def version() -> int:
    """Return the version of systemd that checks units here. Raises HostError without one."""
    said = process.run([_ANALYZE, "--version"]).stdout
    found = re.match(r"systemd (\d+)", said)
    if found is None:
        raise HostError(f"{_ANALYZE} does not say its version.", hint="Is it systemd's own?")
    return int(found[1])


def check_time(at: str) -> None:
    """Raise UsageError for what is no time that systemd could start something at."""
    if clock(at):
        return
    hint = "Give HH:MM, or what OnCalendar= takes, such as 'Mon..Fri 02:30'."
    if shutil.which(_ANALYZE) is None:
        raise UsageError(f"{at!r} is no time of the day, HH:MM.", hint=hint)
    if process.run([_ANALYZE, "calendar", "--", at], check=False).returncode:
        raise UsageError(f"systemd knows no such time: {at!r}.", hint=hint)


def verify(timer: Timer, units: Units) -> None:
    """Raise HostError for units that systemd does not take as they are.

    A key that it does not know is only a warning to it, and its exit code 0.
    """
    with tempfile.TemporaryDirectory(prefix="builder-") as name:
        paths = written(timer, units, Path(name))
        manager = "--user" if timer.user else "--system"
        done = process.run(
            [_ANALYZE, manager, "verify", *paths],
            env={"XDG_RUNTIME_DIR": name} | _bus(os.environ),
            check=False,
        )
    said = done.stderr.strip()
    if done.returncode or said:
        raise HostError(
            f"systemd does not take the units: {(said or 'no reason given').splitlines()[0]}",
            hint="They are printed above; another version of systemd may say more.",
        )


def check_command(timer: Timer) -> None:
    """Raise HostError for a builder that is found only here, as in a folder of its source."""
    interpreter = timer.command[: timer.command.index("builder") + 1]
    done = process.run([*interpreter, "--version"], check=False)
    if done.returncode:
        raise HostError(
            "This builder could not be started by a timer: it is not installed for its Python.",
            hint=f"`make setup` installs it. {process.failure(done).hint}",
        )


def written(timer: Timer, units: Units, folder: Path) -> tuple[Path, Path]:
    """Write both units to a folder of our own; return their paths."""
    paths = names(timer.unit, folder)
    for path, text in zip(paths, units, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def names(unit: str, folder: Path) -> tuple[Path, Path]:
    """Return the paths of the service and the timer."""
    return folder / f"{unit}.service", folder / f"{unit}.timer"


def systemctl(*words: str, user: bool, check: bool = True) -> Completed:
    """Tell the manager something. Raises HostError when it refuses, with `check`."""
    manager = ["--user"] if user else []
    return process.run(["systemctl", *manager, *words], env=_bus(os.environ), check=check)


def _bus(environ: Mapping[str, str]) -> dict[str, str]:
    """Return where a user's own manager is found, also by one who came by su."""
    there = Path(f"/run/user/{os.geteuid()}")
    usual = {"XDG_RUNTIME_DIR": str(there)} if there.is_dir() else {}
    return usual | {name: environ[name] for name in _BUS if environ.get(name)}


def state(unit: str, *, user: bool) -> State:
    """Return what the manager knows of a timer and of its last run."""
    if not runs():
        return State()
    timer = _shown(f"{unit}.timer", _STATES, user=user)
    service = _shown(f"{unit}.service", _RESULTS, user=user)
    return State(
        enabled=timer.get("UnitFileState", ""),
        active=timer.get("ActiveState", ""),
        next=timer.get("NextElapseUSecRealtime", ""),
        last=timer.get("LastTriggerUSec", ""),
        ended=service.get("ExecMainExitTimestamp", ""),
        run=service.get("ActiveState", ""),
        result=service.get("Result", ""),
        exit_code=service.get("ExecMainStatus", ""),
    )


def _shown(unit: str, wanted: tuple[str, ...], *, user: bool) -> dict[str, str]:
    done = systemctl("show", f"--property={','.join(wanted)}", unit, user=user, check=False)
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}
