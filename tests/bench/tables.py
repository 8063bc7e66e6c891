"""What the benchmarks print: tables, and whether their targets are met."""

from collections.abc import Sequence

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A promise with what was measured."""

    where: str
    text: str
    measured: float | None
    """None when a row that it needs is missing."""
    unit: str
    kept: bool


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
