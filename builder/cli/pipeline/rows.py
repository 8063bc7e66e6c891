"""One image's line on a terminal: its name, what it is at, a bar, and times."""

import time
import unicodedata

from builder.model.text import shown
from builder.pipeline.messages import Counted, Counting, CountOver, Message, Step, Told

_BAR = 12
_LEAST = 16
"""Columns of what an image is at; below that, first the bar goes, then the times."""


class Row:
    """What is known of an image that is being built."""

    def __init__(self, name: str, *, expected: float | None, began: float | None = None) -> None:
        self.name, self.expected = name, expected
        self.began = time.monotonic() if began is None else began
        self._step, self._phase, self._text = "beginning", "", ""
        self._number, self._done, self._total = 0, 0, 0

    def hear(self, message: Message) -> None:
        """Take in what its build says."""
        match message:
            case Step():
                self._step, self._phase = message.title, ""
                self._forget()
            case Told(kind="phase"):
                self._phase = message.text
            case Counting():
                self._number, self._done = message.number, 0
                self._total, self._text = message.total or 0, ""
            case Counted() if message.number == self._number:
                self._done, self._text = message.done, message.text
            case CountOver() if message.number == self._number:
                self._forget()
            case _:
                pass

    def _forget(self) -> None:
        self._number, self._done, self._total, self._text = 0, 0, 0, ""

    @property
    def doing(self) -> str:
        """The step, and where in it."""
        where = self._text or self._phase
        return f"{self._step}: {where}" if where else self._step

    @property
    def share(self) -> float | None:
        """How much of what is counted is done, from 0 to 1."""
        return min(1.0, self._done / self._total) if self._total else None


def line(row: Row, width: int, *, named: int, now: float | None = None) -> str:
    """Return the image's line in at most `width` columns; names take `named` of them, or half."""
    elapsed = (time.monotonic() if now is None else now) - row.began
    name = _fitted(shown(row.name, keep=""), min(named, width // 2))
    times, bar = _times(elapsed, row.expected), _bar(row.share)
    rest = width - _wide(name)
    for right in (f"  {bar}  {times}", f"  {times}", ""):
        if rest - len(right) - 2 >= _LEAST:
            doing = _fitted(shown(row.doing, keep=""), rest - len(right) - 2)
            return f"{name}  {doing}{right}".rstrip()
    return _cut(f"{name}  {shown(row.doing, keep='')}", width)


def _times(elapsed: float, expected: float | None) -> str:
    left = (expected or 0) - elapsed
    return f"{_clock(elapsed)}, {_clock(left)} left" if left >= 1 else _clock(elapsed)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar(share: float | None) -> str:
    if share is None:
        return " " * (_BAR + 7)
    full = round(share * _BAR)
    return f"[{'#' * full}{'-' * (_BAR - full)}] {share:4.0%}"


def _fitted(text: str, width: int) -> str:
    """Return a text in exactly so many columns."""
    cut = _cut(text, width)
    return cut + " " * (width - _wide(cut))


def _cut(text: str, width: int) -> str:
    """Return as much of a text as fits into so many columns."""
    if _wide(text) <= width:
        return text
    kept, room = "", width - 1
    for each in text:
        room -= _wide(each)
        if room < 0:
            break
        kept += each
    return f"{kept}…" if width > 0 else ""


def _wide(text: str) -> int:
    """Return the columns that a text takes: signs of East Asia take two, marks on others none."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )
