"""The units of timers on this host: those that are ours, written and removed."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from builder import files
from builder.errors import ConfigError, HostError, UsageError, suggest
from builder.monitor import Monitor
from builder.paths.reading import is_plain, read_text
from builder.pipeline import timer_systemd
from builder.pipeline.timer import MARK, PREFIX, Timer, Units
from builder.pipeline.timer_systemd import State, names

_SYSTEM = Path("/etc/systemd/system")
_PIPELINE = "Pipeline="


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """A timer of ours on this host."""

    name: str
    user: bool
    pipeline: str
    service: Path
    timer: Path
    at: str
    state: State = State()

    @property
    def unit(self) -> str:
        """The name of both units, without what is behind the dot."""
        return f"{PREFIX}{self.name}"


def folder(*, user: bool, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where units are that people install."""
    if not user:
        return _SYSTEM
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    return home / "systemd" / "user"


def install(timer: Timer, units: Units, *, force: bool = False) -> bool:
    """Write the units and have systemd read them; tell whether anything was changed.

    Raises UsageError for units of that name which are not ours, or others and not to be replaced.
    """
    there = folder(user=timer.user)
    pairs = [*zip(names(timer.unit, there), units, strict=True)]
    changed = [(path, text) for path, text in pairs if _differs(path, text, timer, force=force)]
    with files.writing(there, hint="System units take root; --user installs your own."):
        there.mkdir(parents=True, exist_ok=True)
        for path in timer.writable:  # systemd starts nothing that is to write where no folder is
            path.mkdir(parents=True, exist_ok=True)
        for path, text in changed:
            with files.replacing(path, mode=0o644) as part:
                part.write_text(text, encoding="utf-8")
    if changed and timer_systemd.runs():
        timer_systemd.systemctl("daemon-reload", user=timer.user)
    return bool(changed)


def _differs(path: Path, text: str, timer: Timer, *, force: bool) -> bool:
    if not os.path.lexists(path):
        return True
    known = _read(path)
    if known is None:
        raise UsageError(f"{path} is no unit of ours.", hint="--name gives the timer another name.")
    if known == text:
        return False
    if not force:
        other = _value(known, _PIPELINE)
        whose = "is another" if other == timer.pipeline else f"is for {other}"
        hint = "--force replaces it, --name gives the new one a name of its own."
        raise UsageError(f"The timer {timer.name} {whose}: {path}.", hint=hint)
    return True


def _read(path: Path) -> str | None:
    """Return the text of a unit of ours; None for anything else, such as a link to /dev/null."""
    try:
        text = read_text(path) if is_plain(path) and not path.is_symlink() else ""
    except ConfigError:
        return None
    return text if f"[{MARK}]" in text.splitlines() else None


def _value(text: str, setting: str) -> str:
    found = [line for line in text.splitlines() if line.startswith(setting)]
    return found[0].removeprefix(setting).replace("%%", "%") if found else ""


def installed(*, monitor: Monitor) -> tuple[Installed, ...]:
    """Return our timers, the system's and the user's own."""
    found = []
    for user in (False, True):
        try:
            paths = files.inside(folder(user=user))
        except HostError as error:
            monitor.tell("warning", error.message)
            continue
        found += [each for path in paths if (each := _installed(path, user=user))]
    return tuple(found)


def _installed(path: Path, *, user: bool) -> Installed | None:
    if not (path.name.startswith(PREFIX) and path.suffix == ".timer"):
        return None
    text = _read(path)
    if text is None:
        return None
    return Installed(
        name=path.stem.removeprefix(PREFIX),
        user=user,
        pipeline=_value(text, _PIPELINE),
        service=path.with_suffix(".service"),
        timer=path,
        at=_value(text, "OnCalendar="),
        state=timer_systemd.state(path.stem, user=user),
    )


def find(name: str, *, user: bool, monitor: Monitor) -> Installed:
    """Return a timer of ours by its name. Raises UsageError for one that is not there."""
    known = {each.name: each for each in installed(monitor=monitor) if each.user == user}
    word = name.removesuffix(".timer").removesuffix(".service")
    # A timer's own name before that of a unit: it may begin or end as units' names do.
    bare = word.removeprefix(PREFIX)
    wanted = next((each for each in (name, bare, word) if each in known), bare)
    if wanted not in known:
        whose = "of your own" if user else "of the system"
        hint = suggest(wanted, known, none="`builder timer list` shows those that are ours.")
        raise UsageError(f"There is no timer {name!r} {whose}.", hint=hint)
    return known[wanted]


def remove(timer: Installed) -> tuple[Path, ...]:
    """Disable and stop a timer, and remove its units; return the paths of what has gone.

    Raises UsageError while it runs, HostError when systemd or the system refuses.
    """
    manager = "systemctl --user" if timer.user else "systemctl"
    if timer.state.run in ("activating", "active", "deactivating"):
        raise UsageError(
            f"A run of {timer.name} goes on.",
            hint=f"Wait for it, or end it cleanly: {manager} stop {timer.unit}.service",
        )
    ours = [path for path in (timer.timer, timer.service) if _read(path) is not None]
    if timer_systemd.runs():
        timer_systemd.systemctl("disable", "--now", timer.timer.name, user=timer.user)
        # When it last fired: a new one of that name would make up for the nights since, at once.
        clean = ("clean", "--what=state", timer.timer.name)
        timer_systemd.systemctl(*clean, user=timer.user, check=False)
    with files.writing(timer.timer.parent, hint="System units take root."):
        for path in ours:
            path.unlink()
    if timer_systemd.runs():
        timer_systemd.systemctl("daemon-reload", user=timer.user)
        # A run that failed would be listed for ever, as one of a unit that is not there.
        timer_systemd.systemctl("reset-failed", timer.service.name, user=timer.user, check=False)
    return tuple(ours)
