"""The rule of what stays: the newest, what was well last, and failures that are young."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.record.retention import Past, Retention, judge

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NEW, GOOD, YOUNG = "one of the newest {}", "the last good one", "a failure of the last 30 days"


def past(id_: str, days: float, outcome: str, good: str = "") -> Past:
    """Return what ended so many days ago; `good` are the images that were well, a letter each."""
    ended = NOW - days * DAY
    return Past(
        id=id_,
        began=ended - DAY / 24,
        ended=ended,
        good=tuple(good or ("x" if outcome == "good" else "")),
        failed=outcome == "failed",
    )


def rule(keep: int, days: int = 30) -> Retention:
    return Retention(keep=keep, failure_days=days)


TABLE = [
    ("nothing", [], rule(3), {}),
    ("one good", [past("a", 99, "good")], rule(0), {"a": (GOOD,)}),
    ("one old failure", [past("a", 99, "failed")], rule(0), {"a": ()}),
    ("one old failure, the newest", [past("a", 99, "failed")], rule(1), {"a": (NEW.format(1),)}),
    ("a young failure", [past("a", 29.9, "failed")], rule(0), {"a": (YOUNG,)}),
    ("its end counts", [past("a", 29.99, "failed")], rule(0), {"a": (YOUNG,)}),
    ("a failure of the very day", [past("a", 30, "failed")], rule(0), {"a": ()}),
    ("no day for failures", [past("a", 0, "failed")], rule(0, 0), {"a": ()}),
    (
        "a clock was ahead",
        [past("a", -9, "failed"), past("b", 0, "good")],
        rule(0),
        {"a": (YOUNG,), "b": (GOOD,)},
    ),
    (
        "the good ones beyond the newest go, but for the last",
        [past("a", 4, "good"), past("b", 3, "good"), past("c", 2, "failed"), past("d", 1, "good")],
        rule(1, 1),
        {"a": (), "b": (), "c": (), "d": (NEW.format(1), GOOD)},
    ),
    (
        "the last good one stays behind many failures",
        [past("a", 400, "good"), *(past(f"f{n}", 300 - n, "failed") for n in range(5))],
        rule(2),
        {
            "a": (GOOD,),
            "f0": (),
            "f1": (),
            "f2": (),
            "f3": (NEW.format(2),),
            "f4": (NEW.format(2),),
        },
    ),
    (
        "each image's last good one, in whichever run",
        [
            past("a", 93, "failed", good="xyz"),
            past("b", 92, "failed", good="xy"),
            past("c", 91, "failed", good="x"),
        ],
        rule(0),
        {
            "a": ("the last good one of z",),
            "b": ("the last good one of y",),
            "c": ("the last good one of x",),
        },
    ),
    (
        "a run of many images",
        [past("a", 93, "failed", good="vwxyz")],
        rule(0),
        {"a": ("the last good one of v, w, x and 2 more",)},
    ),
]


@pytest.mark.parametrize(
    ("every", "how", "wanted"), [x[1:] for x in TABLE], ids=[x[0] for x in TABLE]
)
def test_what_stays_and_why(
    every: list[Past], how: Retention, wanted: dict[str, tuple[str, ...]]
) -> None:
    assert judge(every, how, now=NOW) == wanted
    assert judge(every[::-1], how, now=NOW) == wanted


def test_the_newest_comes_first() -> None:
    every = [past("a", 3, "good"), past("c", 1, "good"), past("b", 2, "good")]
    assert list(judge(every, rule(9), now=NOW)) == ["c", "b", "a"]


PASTS = st.lists(
    st.builds(
        past,
        st.uuids().map(str),
        st.floats(min_value=-10, max_value=1000),
        st.sampled_from(["good", "failed"]),
        st.text("wxyz", max_size=4),
    ),
    max_size=30,
)


@given(PASTS, st.integers(0, 12), st.integers(0, 400))
def test_nothing_goes_that_must_stay(every: list[Past], keep: int, days: int) -> None:
    why = judge(every, rule(keep, days), now=NOW)
    going = [each for each in every if not why[each.id]]
    staying = [each for each in every if why[each.id]]
    for each in going:
        assert not each.failed or NOW - each.ended >= days * DAY
        newer = [x for x in every if (x.began, x.id) > (each.began, each.id)]
        assert len(newer) >= keep
        for image in each.good:
            assert any(image in x.good for x in newer)
    assert len(staying) >= min(keep, len(every))
    assert {y for x in every for y in x.good} == {y for x in staying for y in x.good}


@given(PASTS, st.integers(0, 12), st.integers(0, 400))
def test_to_judge_again_what_has_stayed_removes_nothing_more(
    every: list[Past], keep: int, days: int
) -> None:
    why = judge(every, rule(keep, days), now=NOW)
    staying = [each for each in every if why[each.id]]
    assert all(judge(staying, rule(keep, days), now=NOW).values())
