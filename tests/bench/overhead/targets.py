"""What a build promises of its time, and whether the figures keep it."""

from tests.bench.overhead.measure import Sample
from tests.bench.overhead.rows import OURS, PACKER, VIRT_INSTALL
from tests.bench.tables import Target, most, ratio, typical

Results = dict[str, list[Sample]]
"""The samples of each row, in the order of the rounds; empty for a row that failed."""


def targets(results: Results) -> list[Target]:
    """Return every promise."""
    ours = results.get(OURS, [])
    start = typical(ours, lambda each: each.start)
    stop = typical(ours, lambda each: each.stop)
    packer, virt_install = (ratio(results, OURS, each) for each in (PACKER, VIRT_INSTALL))
    return [
        most(OURS, "before the guest's first instruction", start, limit=1.5, unit="s"),
        most(OURS, "after its last", stop, limit=0.5, unit="s"),
        most(OURS, f"whole, {OURS} / {PACKER}", packer, limit=0.8, unit="x"),
        most(OURS, f"whole, {OURS} / {VIRT_INSTALL}", virt_install, limit=1, unit="x"),
    ]
