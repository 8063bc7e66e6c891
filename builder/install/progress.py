"""Where an installation is, read from what the installer prints."""

import re

import msgspec

PHASES = (
    ("boot", r"^(Loading|Linux version|.*Command line:)"),
    ("stage 2", r"Starting installer, one moment|^anaconda .* started\."),
    ("storage", r"Setting up the installation environment|Configuring storage|^Creating \w+ on "),
    ("packages", r"Starting package installation process|^Installing \S+ \(\d+/\d+\)"),
    ("boot loader", r"Installing boot loader"),
    ("configuration", r"Configuring installed system|Writing network configuration"),
    ("scripts", r"Running post-installation scripts"),
    ("shutdown", r"reboot: Power down|Power down\.|Powering off\."),
)
"""Name of a phase and the text that begins it, in order (Anaconda of EL 7 to 10)."""

_PHASES = tuple((name, re.compile(pattern)) for name, pattern in PHASES)
_PACKAGE = re.compile(r"Installing (\S+) \((\d{1,6})/(\d{1,6})\)")
# Anaconda's virtio log puts time, severity and program before the message.
_LOG_PREFIX = re.compile(r"^\d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.-]+: ?")


FIRMWARE = "firmware"
"""The phase before all others: nothing was heard of a system yet."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The newest phase, and the count of packages while there is one."""

    phase: str = FIRMWARE
    package: str = ""
    done: int = 0
    total: int = 0


def message(line: str) -> str:
    """Return a line of Anaconda's virtio log without its prefix; other lines as they are."""
    return _LOG_PREFIX.sub("", line)


def follow(position: Position, line: str) -> Position:
    """Return the position after `line`. It never goes back: consoles repaint old text."""
    said = message(line)
    package = _PACKAGE.search(said)
    if package and int(package[2]) > position.done:
        position = msgspec.structs.replace(
            position, package=package[1], done=int(package[2]), total=int(package[3])
        )
    known = [name for name, _ in _PHASES]
    here = known.index(position.phase) if position.phase in known else -1
    for name, pattern in _PHASES[here + 1 :]:
        if pattern.search(said):
            return msgspec.structs.replace(position, phase=name)
    return position
