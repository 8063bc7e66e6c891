"""What a build promises of its time, and whether the figures keep it."""

from collections.abc import Callable
from statistics import median

from tests.bench.overhead.measure import Sample
from tests.bench.overhead.rows import OURS, PACKER, VIRT_INSTALL
from tests.bench.tables import Target

Results = dict[str, list[Sample]]
"""The samples of each row, in the order of the rounds; empty for a row that failed."""


def targets(results: Results) -> list[Target]:
    """Return every promise."""
    ours = results.get(OURS, [])
    start = typical(ours, lambda each: each.start)
    stop = typical(ours, lambda each: each.stop)
    return [
        _most(1.5, "s", "before the guest's first instruction", start),
        _most(0.5, "s", "after its last", stop),
        _most(0.8, "x", f"whole, {OURS} / {PACKER}", ratio(results, OURS, PACKER)),
        _most(1.0, "x", f"whole, {OURS} / {VIRT_INSTALL}", ratio(results, OURS, VIRT_INSTALL)),
    ]


def ratio(results: Results, one: str, other: str) -> float | None:
    """Return how much longer `one` took to the disk: the median of the rounds' pairs."""
    pairs = zip(results.get(one, []), results.get(other, []), strict=False)
    found = [each.whole / against.whole for each, against in pairs]
    return median(found) if found else None


def typical(samples: list[Sample], figure: Callable[[Sample], float]) -> float | None:
    """Return the median of a figure; None without samples."""
    return median(map(figure, samples)) if samples else None


def _most(limit: float, unit: str, text: str, measured: float | None) -> Target:
    kept = measured is not None and measured <= limit
    return Target(OURS, f"{text}: at most {limit:g} {unit}", measured, unit, kept)
