"""From the bytes of a terminal to lines of text."""

import re

# Anaconda's text mode is drawn by tmux: where a log would have line breaks, the terminal gets
# cursor moves (CSI H, A to G, d, r), which end a line here; colours and modes just go away.
_MOVE = re.compile(rb"\x1b\[[0-9;]*[ABCDEFGHdfr]|\x1b[DEM]|\r")
_NOISE = re.compile(
    rb"\x1b\[[0-9;?>=]*[ -/]*(?:[@-~]|\Z)"  # CSI: colours, modes, also one that has only begun
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles
    rb"|\x1b[()][0-9A-B]|\x1b[=>78c]"  # character sets, keypad, reset
    rb"|[\x00-\x08\x0b-\x1f\x7f]"  # other control characters
)
# The kernel's messages, with printk's clock. On a serial port they get in between the pieces that a
# program's text goes out in, which are as long as the port's buffer: 16 bytes. printk cuts messages
# at 1 KiB; without a bound a line of nothing but clocks would be read once for each of them.
_INTRUSION = re.compile(
    rb"(?<=[^\r\n])(?:\[ {0,9}\d{1,12}\.\d{6}\] [^\r\n]{0,2048}+(?:\r*+\n|\Z))+"
)
_BEGUN = re.compile(rb"\x1b(?:\[[0-9;]*)?\Z")
"""A move that has only begun, at a line's end."""
_LONGEST_MOVE = 64
_LONGEST = 65536
"""A "line" longer than this is cut: a guest must not fill our memory."""


class Lines:
    """Collects bytes as they arrive and gives whole, clean lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completed, without empty ones."""
        # What was here before has no moves left in it: an endless line is not read again and again.
        begun = self._rest.rfind(b"\x1b", -_LONGEST_MOVE)
        known = len(self._rest)
        if begun >= 0 and _BEGUN.match(self._rest, begun):
            known = begun
        first, *others = _MOVE.sub(b"\n", self._rest[known:] + data).split(b"\n")
        *whole, last = self._rest[:known] + first, *others
        self._rest = last[-_LONGEST:]
        return [line for line in map(_clean, whole) if line]

    def pending(self) -> str:
        """Return the unfinished line: a prompt waits there."""
        return _clean(self._rest)


def without_intrusions(data: bytes) -> bytes:
    """Return a console's text with its lines whole: without the kernel's messages inside them."""
    return _INTRUSION.sub(b"", data)


def _clean(line: bytes) -> str:
    return _NOISE.sub(b"", line).decode(errors="replace").strip()
