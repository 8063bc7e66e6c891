"""Texts for people: what strangers wrote made safe to print, moments and durations."""

from datetime import datetime
from typing import Literal

_DIGITS = 18
"""They fit into 64 bits."""
_BYTES = range(0xDC80, 0xDD00)
"""What Python makes of the bytes of a file's name that are not in UTF-8."""


def plain(text: str, *, longest: int = 1000) -> str:
    """Return what may go to a terminal or a page of a text that a guest or a stranger wrote.

    Tabs become spaces; `longest` counts characters. Left out is what does not print: escapes,
    controls of 8 bits, which terminals obey like escapes, and marks that turn the direction of
    writing, which make a line read otherwise than it is.
    """
    return "".join(filter(str.isprintable, text[:longest].expandtabs()))


def shown(text: str, *, keep: str = "\n\t") -> str:
    """Return a text as it may be printed: what a terminal would obey is spelled out, as \\x1b.

    So are marks that turn the direction of writing, and bytes of names that are no text. `keep`
    is left as it is.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else _spelled(each) for each in text)


def _spelled(character: str) -> str:
    number = ord(character)
    if number in _BYTES:
        return f"\\x{number & 0xFF:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode()


def ended(text: str) -> str:
    """Return what ends in a text that somebody wrote as a sentence: with one full stop."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def unbroken(text: str) -> str:
    """Return a message of several lines as one, for a row of a table."""
    return " ".join(text.split())


def whole_number(text: str) -> int | None:
    """Return the number that a guest or a stranger wrote; None for what is none of ours.

    "²" and 5,000 digits are numbers to Python's isdigit, and errors to its int.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def rfc3339(moment: datetime, to: Literal["seconds", "milliseconds"] = "seconds") -> str:
    """Return a moment of UTC as all our files have it: 2026-11-28T19:30:00Z."""
    return moment.isoformat(timespec=to).replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Return the moment that a file tells of. Raises ValueError for none, or one without a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} is no time with a zone")
    return found


def duration(seconds: float) -> str:
    """Return how long something took, as people say it: 1.2 s, 48 s, 1 min 05 s, 2 h 03 min."""
    if round(seconds, 1) < 10:  # noqa: PLR2004  # where tenths still matter
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
