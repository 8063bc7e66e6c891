"""The tables."""

from tests.bench.remaster.measure import Sample
from tests.bench.remaster.rows import Row
from tests.bench.remaster.targets import Group, ratio, typical
from tests.bench.tables import table


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
