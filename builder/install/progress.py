"""Where an installation is, read from what the installer prints, and how far that is."""

import re
from collections.abc import Mapping

import msgspec

from builder.install.log_line import SCRIPTS, said

PHASES = (
    ("boot", r"Loading |Linux version|(?:Kernel command|Command) line:|Probing EDD"),
    ("stage 2", r"Starting installer, one moment|anaconda .* started\.$"),
    (
        "storage",
        r"Setting up the installation environment|Configuring storage|Creating \w+ on /"
        r"|Task started: Create storage layout",
    ),
    (
        "packages",
        r"Starting package installation process|Installing the software$|Downloading packages"
        r"|Installing \S+ \(\d+/\d+\)|Downloading \d+ RPMs, |Installed: "
        r"|(?:Queue started: Payload installation|Task started: Install the payload)",
    ),
    ("boot loader", r"Installing boot loader|Queue started: Bootloader installation"),
    (
        "configuration",
        r"Configuring installed system|Writing network configuration"
        r"|Queue started: Installed system configuration",
    ),
    ("scripts", r"Running post-installation scripts|Queue started: Post installation scripts"),
    (
        "shutdown",
        r"Installation complete|Complete!$|(?:reboot: )?(?:Power down|Restarting system)"
        r"|Powering off\.|Rebooting\.|Stopping anaconda",
    ),
)
"""Name of a phase and the text that begins it, in order (Anaconda of EL 7 to 10 and Fedora).

The names of queues and tasks, which the log has, are the same in all languages.
"""

_PHASES = tuple((name, re.compile(pattern)) for name, pattern in PHASES)
_ORDER = ("firmware", *(name for name, _ in PHASES))
_PACKAGE = re.compile(r"Installing (\S+) \((\d{1,6})/(\d{1,6})\)")
# What dnf's payload says beside that. EL 8 and 9 count all packages once more when they verify
# them; libdnf5's finds more to download while it does, so that its percentage sinks.
_SELECTED = re.compile(r"(\d{1,6}) packages selected totalling ")
_LOGGED = re.compile(r"Installed: (\S+)")
_DOWNLOAD = re.compile(r"Downloading \d{1,6} RPMs, .{1,40} \((\d{1,3})%\) done\.")
_VERIFIED = re.compile(r"Verifying \S+ \((\d{1,6})/\d{1,6}\)")
_DOWNLOADS = 0.3
"""Share of the downloads in the phase of packages, where there are any."""

Weights = Mapping[str, float]
"""Seconds that each phase takes; one that is not there takes no time."""

WEIGHTS: Weights = {
    "firmware": 5,
    "boot": 115,
    "stage 2": 90,
    "storage": 40,
    "packages": 150,
    "boot loader": 10,
    "configuration": 100,
    "scripts": 10,
    "shutdown": 10,
}
"""For a first build: EL 9's Anaconda with 231 packages on an emulated machine."""


FIRMWARE = "firmware"
"""The phase before all others: nothing was heard of a system yet."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The newest phase, and the count of packages while there is one."""

    phase: str = FIRMWARE
    package: str = ""
    done: int = 0
    total: int = 0
    selected: int = 0
    """How many packages the log has announced, and how many it has called installed."""
    logged: int = 0
    downloaded: int = 0
    """Per cent of what is to be downloaded."""
    verified: int = 0
    """Of the packages that are done."""


def follow(position: Position, line: str) -> Position:
    """Return the position after `line`. It never goes back: consoles repaint old text."""
    record = said(line)
    if not record.lines or record.program == SCRIPTS:
        return position
    text = record.lines[0]
    position = _counted(position, text)
    for name, pattern in _PHASES[_index(position.phase) :]:
        if pattern.match(text):
            return msgspec.structs.replace(position, phase=name)
    return position


def _counted(position: Position, text: str) -> Position:
    """Return the position with what `text` counts."""
    if package := _PACKAGE.match(text):
        return _at(position, package[1], done=int(package[2]), total=int(package[3]))
    if package := _LOGGED.match(text):
        # The console counts, too, and is ahead of the log; a log alone has to do where it is not.
        position = msgspec.structs.replace(position, logged=position.logged + 1)
        total = position.total or position.selected
        return _at(position, package[1], done=min(position.logged, total), total=total)
    return _measured(position, text)


def _at(position: Position, package: str, *, done: int, total: int) -> Position:
    if done <= position.done:
        return position
    return msgspec.structs.replace(position, package=package, done=done, total=total)


def _measured(position: Position, text: str) -> Position:
    if found := _DOWNLOAD.match(text):
        percent = max(position.downloaded, min(int(found[1]), 100))
        return msgspec.structs.replace(position, downloaded=percent)
    if found := _VERIFIED.match(text):
        return msgspec.structs.replace(position, verified=max(position.verified, int(found[1])))
    if found := _SELECTED.match(text):
        return msgspec.structs.replace(position, selected=int(found[1]))
    return position


def doing(position: Position) -> str:
    """Return what is counted at present, for people; empty where nothing is."""
    here = position.phase == "packages"
    if here and position.downloaded and not position.done:
        return f", downloading {position.downloaded}%"
    if here and position.verified and position.done >= position.total:
        return f", verifying {position.verified}/{position.total}"
    return f" {position.done}/{position.total}" if position.total else ""


def fraction(position: Position, weights: Weights = WEIGHTS) -> float:
    """Return how much of the installation is done, from 0 to 1.

    Only packages are counted; the other phases count from their end.
    """
    whole = sum(weights.get(name, 0) for name in _ORDER)
    if whole <= 0:
        return 0.0
    before = sum(weights.get(name, 0) for name in _ORDER[: _index(position.phase)])
    return min((before + _share(position) * weights.get(position.phase, 0)) / whole, 1.0)


def filled(known: Weights, seconds: float) -> dict[str, float]:
    """Return what each phase took of an installation's `seconds`; nothing where these are 0.

    Those that nobody has seen share the rest in the proportions of `WEIGHTS`.
    """
    if not seconds:
        return {}
    unseen = {name: weight for name, weight in WEIGHTS.items() if name not in known}
    rest = max(0.0, seconds - sum(known.values())) / max(1.0, sum(unseen.values()))
    return {**{name: weight * rest for name, weight in unseen.items()}, **known}


def remaining(position: Position, seconds: Weights, *, in_phase: float = 0.0) -> float:
    """Return how many seconds are left, if all goes as fast as it did in `seconds`.

    `in_phase` is how long the present phase has lasted.
    """
    here = seconds.get(position.phase, 0)
    left = here * (1 - _share(position)) if _counts(position) else max(here - in_phase, 0.0)
    return left + sum(seconds.get(name, 0) for name in _ORDER[_index(position.phase) + 1 :])


def _index(phase: str) -> int:
    return _ORDER.index(phase) if phase in _ORDER else 0


def _counts(position: Position) -> bool:
    return position.phase == "packages" and position.total + position.downloaded > 0


def _share(position: Position) -> float:
    if not _counts(position):
        return 0.0
    installed = min(position.done / max(position.total, 1), 1.0)
    loads = _DOWNLOADS if position.downloaded else 0.0
    return loads * position.downloaded / 100 + (1 - loads) * installed
