"""The tables."""

from collections.abc import Callable
from statistics import median

from tests.bench.overhead.measure import INSTALLING, Sample
from tests.bench.overhead.rows import OURS, Row
from tests.bench.overhead.targets import Results
from tests.bench.tables import ratio, spread, table

_FIGURES: tuple[Callable[[Sample], float], ...] = (
    lambda each: each.start,
    lambda each: each.guest,
    lambda each: each.stop,
    lambda each: each.total,
)


def results(found: Results, compared: list[Row]) -> str:
    """Return the figures of all rows."""
    header = ["ROW"]
    for name in ("START s", "GUEST s", "STOP s", "WHOLE s"):
        header += [name, "MIN-MAX"]
    lines = [(row.name, *_figures(found, row)) for row in compared]
    return table((*header, "ZOMBIE s", "MB", "LOAD", f"{OURS} / ROW"), lines)


def _figures(found: Results, row: Row) -> tuple[str, ...]:
    samples = found.get(row.name, [])
    if not samples:
        return (row.missing or "failed",)
    spreads = [cell for figure in _FIGURES for cell in spread([figure(each) for each in samples])]
    against = ratio(found, OURS, row.name)
    return (
        *spreads,
        f"{median(each.zombie for each in samples):.2f}",
        f"{max(each.memory for each in samples):.0f}",
        f"{max(each.load for each in samples):.1f}",
        "" if against is None or row.name == OURS else f"{against:.2f}",
    )


def account(samples: list[Sample]) -> str:
    """Return builder's own steps; those after the installation are its alone."""
    names = list(samples[0].steps)
    later = names[names.index(INSTALLING) + 1 :]
    lines = [
        (name, *spread([each.steps[name] for each in samples]), "" if name in later else "yes")
        for name in names
    ]
    left = [each.after - sum(each.steps[name] for name in later) for each in samples]
    last = ("cleaning up, leaving", *spread(left), "")
    return table((f"STEP OF {OURS}", "s", "MIN-MAX", "COMPARED"), [*lines, last])
