"""Figures over time, as the shapes that an SVG is made of."""

from collections.abc import Sequence
from itertools import groupby

import msgspec

HEIGHT = 40
"""Units; a night is one wide."""
_SMALLEST = 0.1
"""Of the largest figure: the span that fills a line's height at least, or noise would look big."""
_FEWEST = 30
"""Nights that fill a chart's width: of fewer each would be a wall. The newest is at the right."""
_VISIBLE = 1.0
"""Units of height that a bar has at least."""
_EDGE = 2
"""Units above and below a line, for its own thickness."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in a chart, of one night or of several in succession."""

    night: int
    """Which of those that were given is the first."""
    x: int
    width: int = 1
    y: float
    """From the top."""
    height: float
    value: float


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over time; there are no marks where it is not known of any night."""

    marks: tuple[Mark, ...]
    width: int

    @property
    def low(self) -> float:
        """The smallest figure."""
        return min(each.value for each in self.marks)

    @property
    def high(self) -> float:
        """The largest."""
        return max(each.value for each in self.marks)

    @property
    def last(self) -> float:
        """The newest."""
        return self.marks[-1].value

    @property
    def path(self) -> str:
        """The line through all marks, in SVG's words, from the middle of a night to another's."""
        parts = [f"{each.x} {each.y:g}{_along(each.width - 1)}" for each in self.marks]
        return f"M{'L'.join(parts)}{_along(0.5) if len(parts) == 1 else ''}"


def bars(values: Sequence[float | None]) -> Chart:
    """Return a chart whose marks are as high as their figures are, from zero on."""
    known = [(x, value) for x, value in enumerate(values) if value is not None]
    top = max((value for _x, value in known), default=0) or 1
    left = _left(values)
    heights = [round(max(value / top * HEIGHT, _VISIBLE), 1) for _x, value in known]
    marks = [
        Mark(night=x, x=x + left, y=round(HEIGHT - height, 1), height=height, value=value)
        for (x, value), height in zip(known, heights, strict=True)
    ]
    return Chart(marks=tuple(marks), width=left + len(values))


def line(values: Sequence[float | None]) -> Chart:
    """Return a chart of what is known: 0 is no figure of a template."""
    known = [(x, value) for x, value in enumerate(values) if value and value > 0]
    figures = [value for _x, value in known]
    high = max(figures, default=0)
    low = min(min(figures, default=0), high * (1 - _SMALLEST))
    left, marks = _left(values), []
    for value, alike in groupby(known, key=lambda each: each[1]):
        places = [x for x, _value in alike]
        y = round(HEIGHT - _EDGE - (value - low) / (high - low) * (HEIGHT - 2 * _EDGE), 1)
        width = places[-1] - places[0] + 1
        x = left + places[0]
        marks.append(Mark(night=places[0], x=x, width=width, y=y, height=0, value=value))
    return Chart(marks=tuple(marks), width=left + len(values))


def _left(values: Sequence[object]) -> int:
    """Return how many nights have room at the left of those that there are."""
    return max(_FEWEST - len(values), 0)


def _along(width: float) -> str:
    return f"h{width:g}" if width else ""
