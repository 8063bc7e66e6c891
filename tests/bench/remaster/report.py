"""The tables."""

from tests.bench.remaster.rows import Row
from tests.bench.remaster.targets import Group
from tests.bench.tables import ratio, spread, table


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
        *spread([each.wall for each in samples], digits=3),
        *spread([each.total for each in samples], digits=3),
        f"{memory:.0f}" if memory > floor + 1 else f"<{floor:.0f}",
        row.against,
        "" if against is None else f"{against:.3f}",
    )
