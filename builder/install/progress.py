"""Where an installation is, read from what the installer prints, and how far that is."""

import re
from collections.abc import Mapping

import msgspec

from builder.install.log_line import message

PHASES = (
    ("boot", r"Loading |Linux version|(?:Kernel command|Command) line:|Probing EDD"),
    ("stage 2", r"Starting installer, one moment|anaconda .* started\.$"),
    (
        "storage",
        r"Setting up the installation environment|Configuring storage|Creating \w+ on /",
    ),
    (
        "packages",
        r"Starting package installation process|Installing the software$|Downloading packages"
        r"|Installing \S+ \(\d+/\d+\)",
    ),
    ("boot loader", r"Installing boot loader"),
    ("configuration", r"Configuring installed system|Writing network configuration"),
    ("scripts", r"Running post-installation scripts"),
    (
        "shutdown",
        r"Installation complete|(?:reboot: )?(?:Power down|Restarting system)|Powering off\."
        r"|Rebooting\.|Stopping anaconda",
    ),
)
"""Name of a phase and the text that begins it, in order (Anaconda of EL 7 to 10)."""

_PHASES = tuple((name, re.compile(pattern)) for name, pattern in PHASES)
_ORDER = ("firmware", *(name for name, _ in PHASES))
_PACKAGE = re.compile(r"Installing (\S+) \((\d{1,6})/(\d{1,6})\)")

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


def follow(position: Position, line: str) -> Position:
    """Return the position after `line`. It never goes back: consoles repaint old text."""
    text = message(line)
    package = _PACKAGE.match(text)
    if package and int(package[2]) > position.done:
        position = msgspec.structs.replace(
            position, package=package[1], done=int(package[2]), total=int(package[3])
        )
    for name, pattern in _PHASES[_index(position.phase) :]:
        if pattern.match(text):
            return msgspec.structs.replace(position, phase=name)
    return position


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
    return position.phase == "packages" and position.total > 0


def _share(position: Position) -> float:
    return min(position.done / position.total, 1.0) if _counts(position) else 0.0
