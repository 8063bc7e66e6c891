"""The records that tests and benches begin with are such as runs write."""

from pathlib import Path

from builder.record.runs import runs
from tests.monitors import Heard
from tests.nights import GOLDEN, NIGHTLY, nights


def test_nights_have_what_real_ones_have(tmp_path: Path) -> None:
    monitor = Heard()
    made = nights(tmp_path / "runs", images=12, nights=30)
    assert runs(tmp_path / "runs", monitor=monitor) == made
    assert not monitor.told
    assert {each.pipeline for each in made} == {NIGHTLY, GOLDEN}
    assert sum(not each.ended for each in made) == 1
    outcomes = [each for run in made for each in run.outcomes]
    assert {each.result for each in outcomes} == {"published", "unchanged", "failed"}
    assert any(each.changes for each in outcomes)
    first, last = ({job for run in made[at:][:2] for job in run.jobs} for at in (0, -2))
    assert first - last
    assert last - first


def test_nights_are_the_same_each_time(tmp_path: Path) -> None:
    assert nights(tmp_path / "a", images=5, nights=5, seed=1)[0].outcomes[0].seconds == (
        nights(tmp_path / "b", images=5, nights=5, seed=1)[0].outcomes[0].seconds
    )
