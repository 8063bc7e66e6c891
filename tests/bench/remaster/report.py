"""The tables."""

from collections.abc import Sequence

from tests.bench.remaster.measure import Sample
from tests.bench.remaster.rows import Row
from tests.bench.remaster.targets import Group, Target, ratio, typical


def results(group: Group, rows: list[Row], floor: float) -> str:
    """Return the figures of one medium on one file system."""
    header = ("ROW", "WALL s", "MIN-MAX", "+SYNC s", "MIN-MAX", "MB", "AGAINST", "RATIO")
    lines = [(row.name, *_figures(group, row, floor)) for row in rows]
    return table(header, lines)


def _figures(group: Group, row: Row, floor: float) -> tuple[str, ...]:
    samples = group.rows.get(row.name, [])
    if not samples:
        return ("failed",)
    memory = max(each.memory for each in samples)
    against = ratio(group.rows, row.name, row.against)
    return (
        *_spread([each.wall for each in samples]),
        *_spread([each.total for each in samples]),
        f"{memory:.0f}" if memory > floor + 1 else f"<{floor:.0f}",
        row.against,
        "" if against is None else f"{against:.3f}",
    )


def _spread(seconds: list[float]) -> tuple[str, str]:
    middle = typical([Sample(each, 0, 0) for each in seconds], lambda each: each.wall)
    return f"{middle:.3f}", f"{min(seconds):.3f}-{max(seconds):.3f}"


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
