"""Runs, sorted by images and nights."""

from collections.abc import Sequence

import pytest

from builder.record.runs import Outcome, Run
from builder.report.gather import NIGHTS, readable
from tests.monitors import Heard
from tests.reports import FIRST, failed, few, kept, published, run, sorted_out

GOOD, BAD = kept("a", "1"), failed("a")
NEITHER = ("a",)


def states(runs: Sequence[Run], name: str = "a") -> list[str]:
    [(_pipeline, image)] = sorted_out(runs).of(name)
    return [each.state for each in image.nights]


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([run(0, published("a", "1"))], ["published"]),
        ([run(0, GOOD), run(1, BAD)], ["unchanged", "failed"]),
        ([run(0, jobs=NEITHER)], ["skipped"]),  # no build began any more
        ([run(0, jobs=NEITHER, ended="")], ["open"]),
        ([run(0, jobs=NEITHER, ended=""), run(1, GOOD)], ["lost", "unchanged"]),
        ([run(0, GOOD, ended=""), run(1, GOOD)], ["unchanged", "unchanged"]),
        ([run(0, GOOD), run(1, kept("b", "1")), run(2, BAD)], ["unchanged", "failed"]),
        ([run(0, BAD, GOOD, jobs=NEITHER)], ["unchanged"]),  # the last word counts
    ],
)
def test_what_became_of_an_image(runs: list[Run], found: list[str]) -> None:
    assert states(runs) == found


@pytest.mark.parametrize(
    ("outcomes", "streak", "good", "before"),
    [
        ([GOOD], 1, "1", ""),
        ([BAD], 1, "", ""),
        ([published("a", "1"), GOOD, BAD, BAD], 2, "1", ""),
        ([published("a", "1"), BAD, published("a", "2"), kept("a", "2")], 2, "2", "1"),
        ([kept("a", "1"), kept("a", "2"), BAD, kept("a", "2")], 1, "2", "1"),
    ],
)
def test_the_newest_template_and_the_one_before(
    outcomes: list[Outcome], streak: int, good: str, before: str
) -> None:
    runs = [run(night, each) for night, each in enumerate(outcomes)]
    [(_pipeline, image)] = sorted_out(runs).of("a")
    assert len(image.streak) == streak
    assert (image.good.outcome.version if image.good and image.good.outcome else "") == good
    assert (image.before.outcome.version if image.before and image.before.outcome else "") == before


def test_a_failure_stays_one_when_its_run_tells_nothing_more() -> None:
    runs = [run(0, BAD), run(1, jobs=("a",), ended="")]
    assert [image.name for _pipeline, image in sorted_out(runs).failing] == ["a"]


def test_an_image_has_left_when_the_newest_runs_know_nothing_of_it() -> None:
    runs = [run(0, BAD), *(run(night, kept("b", "1")) for night in range(1, 9))]
    [pipeline] = sorted_out(runs).pipelines
    assert [(each.name, each.left) for each in pipeline.images] == [("b", False), ("a", True)]
    assert not sorted_out(runs).failing
    [pipeline] = sorted_out(runs[:7]).pipelines
    assert [(each.name, each.left) for each in pipeline.images] == [("b", False), ("a", False)]


def test_an_image_that_the_newest_runs_did_not_want_has_not_left() -> None:
    runs = [run(0, BAD), *(run(night, kept("b", "1"), others=("a",)) for night in range(1, 9))]
    assert [image.name for _pipeline, image in sorted_out(runs).failing] == ["a"]


def test_pipelines_are_apart_and_only_the_newest_runs_are_shown() -> None:
    runs = [run(night % 9, GOOD, run_id=f"{night:03}") for night in range(NIGHTS + 10)]
    known = sorted_out([*runs, run(0, BAD, pipeline="other")])
    assert [(each.name, each.recorded) for each in known.pipelines] == [
        ("nightly", NIGHTS + 10), ("other", 1),
    ]  # fmt: skip
    assert [len(each.nights) for each in known.pipelines] == [NIGHTS, 1]
    assert len(known.of("a")) == 2


@pytest.mark.parametrize(
    "began", ["", "yesterday", "0001-01-01T00:00:00+23:00", "9999-12-31T00:00:00Z"]
)
def test_runs_of_no_time_are_told(began: str) -> None:
    heard = Heard()
    assert readable([run(0, GOOD, began=began), run(1, GOOD)], monitor=heard) == (run(1, GOOD),)
    [(kind, text, _details)] = heard.told
    assert (kind, began in text) == ("warning", True)


@pytest.mark.parametrize(
    ("ended", "seconds"),
    [
        ("2026-11-27T02:30:00Z", 0),
        ("2026-11-27T03:30:00+01:00", 0),
        ("2026-11-27T02:31:00Z", 60),
        ("2026-11-27T01:00:00Z", 0),  # somebody set the clock
        ("2199-01-01T00:00:00Z", 3e8),
        ("soon", 0),
    ],
)
def test_how_long_a_run_took(ended: str, seconds: float) -> None:
    [pipeline] = sorted_out([run(0, GOOD, ended=ended)]).pipelines
    assert pipeline.nights[0].seconds == seconds
    assert pipeline.nights[0].began == FIRST


@pytest.mark.parametrize("seconds", [-1e300, -1, 0, 1e300])
def test_times_of_builds_have_bounds(seconds: float) -> None:
    [(_pipeline, image)] = sorted_out([run(0, kept("a", "1", seconds=seconds))]).of("a")
    assert 0 <= image.newest.seconds <= 3e8


def test_two_runs_of_a_day_are_two_nights() -> None:
    again = run(0, BAD, run_id="again", began="2026-11-27T14:00:00Z")
    assert states([run(0, GOOD), again]) == ["unchanged", "failed"]


def test_the_few_nights_of_other_tests() -> None:
    known = sorted_out(few())
    assert known.names == ("centos7", "alma9", "rocky9")
    assert states(few(), "rocky9") == ["published", "unchanged", "lost", "failed"]
