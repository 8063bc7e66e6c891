"""What the benchmarks print: tables, and whether their targets are met."""

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Protocol, TypeVar

import msgspec

_Sample = TypeVar("_Sample")


class Timed(Protocol):
    """A run that took so many seconds."""

    @property
    def total(self) -> float: ...


class Target(msgspec.Struct, frozen=True):
    """A promise with what was measured."""

    where: str
    text: str
    measured: float | None
    """None when a row that it needs is missing."""
    unit: str
    kept: bool


def most(where: str, text: str, measured: float | None, *, limit: float, unit: str) -> Target:
    """Return the promise of at most so much."""
    kept = measured is not None and measured <= limit
    return Target(where, f"{text}: at most {limit:g} {unit}", measured, unit, kept)


def ratio(rows: Mapping[str, Sequence[Timed]], one: str, other: str) -> float | None:
    """Return how much longer `one` took: the median of the rounds' pairs."""
    pairs = zip(rows.get(one, []), rows.get(other, []), strict=False)
    return typical(list(pairs), lambda pair: pair[0].total / pair[1].total)


def typical(samples: Sequence[_Sample], figure: Callable[[_Sample], float]) -> float | None:
    """Return the median of a figure; None without samples."""
    return median(map(figure, samples)) if samples else None


def spread(figures: Sequence[float], *, digits: int = 2) -> tuple[str, str]:
    """Return the cells of the median, and of the least and the most."""
    return (
        f"{median(figures):.{digits}f}",
        f"{min(figures):.{digits}f}-{max(figures):.{digits}f}",
    )


def say(text: str) -> None:
    """Print it at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def promises(targets: list[Target]) -> str:
    """Return which targets are met."""
    lines = [(each.where, each.text, _measured(each), _verdict(each)) for each in targets]
    return table(("WHERE", "TARGET", "MEASURED", ""), lines)


def _measured(target: Target) -> str:
    return "-" if target.measured is None else f"{target.measured:.3g} {target.unit}"


def _verdict(target: Target) -> str:
    if target.measured is None:
        return "not measured"
    return "pass" if target.kept else "MISS"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns, left-aligned, two spaces apart."""
    widths = [
        max(len(line[column]) for line in (header, *rows) if column < len(line))
        for column in range(len(header))
    ]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in (header, *rows)
    )
