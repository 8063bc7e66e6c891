"""Texts as numbered lines, and the part of them to look at."""

import re
from collections import deque
from collections.abc import Iterable

import msgspec

from builder.model.hiding import MARK

_TAIL = 200
_WIDEST = 400
"""Characters of a line; the files beside the page have the rest."""
_BEFORE, _AFTER = 6, 6
_SPACES = re.compile(r"\s+")
_HIDDEN = re.compile(rf"(?:{re.escape(MARK)}|\*)+")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a log or file, counted from 1."""

    number: int
    text: str
    marked: bool = False
    """The one to look at."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file; `lines` are consecutive."""

    file: str
    title: str
    lines: tuple[Line, ...]

    @property
    def first(self) -> int:
        """The number of the first line; 0 without one."""
        return self.lines[0].number if self.lines else 0


def number(texts: Iterable[str], *, mark: int = 0) -> list[Line]:
    """Return the texts as numbered lines, the one with the number `mark` marked."""
    return [
        Line(number=count, text=_short(text), marked=count == mark)
        for count, text in enumerate(texts, start=1)
    ]


def telling(texts: Iterable[str], said: str) -> int:
    """Return the number of the last line that says `said`, however its words are spaced; or 0.

    What is hidden in it may be hidden in another way in the texts, as stars.
    """
    wanted, found = _squeezed(said), 0
    if wanted:
        for count, text in enumerate(texts, start=1):
            if wanted in _squeezed(text):
                found = count
    return found


def tail(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the last lines, as many as somebody may want to read."""
    return tuple(deque(lines, _TAIL))


def around(lines: list[Line]) -> tuple[Line, ...]:
    """Return the marked line with a few on either side; nothing when none is marked."""
    at = next((index for index, line in enumerate(lines) if line.marked), None)
    return () if at is None else tuple(lines[max(0, at - _BEFORE) : at + _AFTER + 1])


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]} …"


def _squeezed(text: str) -> str:
    return _HIDDEN.sub("*", _SPACES.sub("", text))
