"""Who is told what: never twice the same, and never nothing of what is new."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from builder.errors import HostError
from builder.pipeline.job import Occasion
from builder.pipeline.notify import occasions
from builder.pipeline.notify.occasions import Told, key, news, not_begun
from builder.record.runs import Outcome, Result, Run

ALL: tuple[Occasion, ...] = ("failure", "recovery", "change")
CRASH = "The guest crashed."
HANG = "No disk activity for 10 min."


def outcome(what: str, name: str = "a") -> Outcome:
    """Return an outcome: "+3" is version 3 published, "=3" kept, "!text" a failure."""
    if what[0] == "!":
        return Outcome(name=name, result="failed", seconds=1, error=what[1:], exit_code=7)
    result: Result = "published" if what[0] == "+" else "unchanged"
    return Outcome(name=name, result=result, seconds=1, version=f"20261101.{what[1:]}")


def run(number: int, *whats: str, ended: bool = True) -> Run:
    """Return the run of a night; its images are a, b, c …; a space stands for one without."""
    outcomes = [outcome(what, "abc"[at]) for at, what in enumerate(whats) if what.strip()]
    return Run(
        run_id=f"202611{number:02}T023000-00000000",
        pipeline="nightly",
        jobs=("a", "b", "c"),
        began=f"2026-11-{number:02}T02:30:00Z",
        ended=f"2026-11-{number:02}T03:30:00Z" if ended else "",
        outcomes=tuple(outcomes),
    )


def told(
    runs: Sequence[Run],
    *,
    on: Sequence[Occasion] = ALL,
    lost: Sequence[int] = (),
    unknown: Sequence[int] = (),
) -> list[str]:
    """Return what each run's message says: F, R and C with names, T with trouble; - for none.

    The messages of the nights in `lost` cannot be delivered, those in `unknown` nobody asks for.
    """
    known, said = Told(), list[str]()
    for at, each in enumerate(runs):
        if not each.ended or at + 1 in unknown:
            said.append("-")
            continue
        found = news(each, runs[:at], known, on=on)
        parts: dict[str, list[str]] = {
            "F": [it.name for it in found.failed],
            "R": [it.name for it in found.recovered],
            "C": [it.name for it in found.changed],
            "T": [str(it.kind) for it in found.trouble],
        }
        said.append(" ".join(mark + ",".join(names) for mark, names in parts.items() if names))
        if at + 1 not in lost:
            known = found.told
    return [each or "-" for each in said]


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        (["+1", "=1", "=1"], ["Ca", "-", "-"]),
        (["=1", "=1"], ["-", "-"]),
        (["=1", "+2", "+3"], ["-", "Ca", "Ca"]),
        (["!x", "!x", "!x"], ["Fa", "-", "-"]),
        (["!x", "=1", "=1"], ["Fa", "Ra", "-"]),
        (["=1", "!x", "=1", "!x", "!x"], ["-", "Fa", "Ra", "Fa", "-"]),
        (["!x", "+1"], ["Fa", "Ra Ca"]),
        ([f"!{CRASH}", f"!{HANG}", f"!{HANG}"], ["Fa", "Fa", "-"]),
        # Of two reasons in turn each is told once.
        ([f"!{CRASH}", f"!{HANG}", f"!{CRASH}", f"!{HANG}"], ["Fa", "Fa", "-", "-"]),
        ([f"!{CRASH}", f"!{HANG}", "=1", f"!{CRASH}"], ["Fa", "Fa", "Ra", "Fa"]),
        # A night without the image is neither.
        (["!x", " ", "!x", " ", "=1"], ["Fa", "-", "-", "-", "Ra"]),
    ],
)
def test_nights_of_one_image(nights: list[str], expected: list[str]) -> None:
    runs = [run(number, each) for number, each in enumerate(nights, 1)]
    assert told(runs) == expected


def test_one_message_has_all_images() -> None:
    runs = [run(1, "=1", "!x", "=1"), run(2, "!x", "=1", "+2"), run(3, "!x", "=1", "!y")]
    assert told(runs) == ["Fb", "Fa Rb Cc", "Fc"]


@pytest.mark.parametrize(
    ("nights", "lost", "expected"),
    [
        (["!x", "!x", "!x"], [1], ["Fa", "Fa", "-"]),
        (["!x", "!x", "=1"], [1, 2], ["Fa", "Fa", "Ra"]),
        (["!x", "=1", "=1"], [2], ["Fa", "Ra", "Ra"]),
        (["=1", "+2", "=2", "=2"], [2], ["-", "Ca", "Ca", "-"]),
        # What is not so any more is not told later.
        (["!x", "=1", "!x", "!x"], [2], ["Fa", "Ra", "-", "-"]),
        (["=1", "+2", "+3", "=3"], [2], ["-", "Ca", "Ca", "-"]),
    ],
)
def test_what_was_not_delivered_is_due_again(
    nights: list[str], lost: list[int], expected: list[str]
) -> None:
    runs = [run(number, each) for number, each in enumerate(nights, 1)]
    assert told(runs, lost=lost) == expected


def test_news_that_is_late_tells_what_changed() -> None:
    first, late = run(1, "=1"), run(3, "=2")
    published = run(2, "+2")
    known = news(first, (), Told(), on=ALL).told
    (found,) = news(late, (first, published), known, on=ALL).changed
    assert found == published.outcomes[0]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (["failure"], ["Fa", "-", "-"]),
        (["recovery"], ["-", "Ra", "-"]),
        (["change"], ["-", "-", "Ca"]),
        ([], ["-", "-", "-"]),
    ],
)
def test_only_what_is_wanted(on: list[Occasion], expected: list[str]) -> None:
    assert told([run(1, "!x"), run(2, "=1"), run(3, "+2")], on=on) == expected


def test_a_run_that_was_killed_is_told_by_the_next_that_is_not() -> None:
    whole, killed = run(1, "=1"), run(2, "!x", ended=False)
    runs = [whole, killed, run(3, "!x"), run(4, "!x")]
    assert told(runs) == ["-", "-", "Fa Tkilled", "-"]
    assert told(runs, lost=[3]) == ["-", "-", "Fa Tkilled", "Fa Tkilled"]
    (trouble,) = news(runs[2], runs[:2], Told(), on=ALL).trouble
    assert trouble.text == "The run of 2026-11-02T02:30:00Z was killed: 1 of 3 images were done."


def test_a_new_place_is_not_told_of_what_is_long_past() -> None:
    runs = [run(1, "=1", ended=False), run(2, "!x"), run(3, "=1"), run(4, "=1")]
    assert told(runs, unknown=[1, 2, 3]) == ["-", "-", "-", "-"]
    # What failed the last time, and is well now, it is told.
    assert told(runs, unknown=[1, 2]) == ["-", "-", "Ra", "-"]


def test_a_run_that_cannot_begin_is_told_once_and_when_one_does() -> None:
    gone, full = HostError("libvirt does not answer."), HostError("No space is left.")
    first = not_begun(gone, Told(), on=ALL)
    assert [each.text for each in first.trouble] == [gone.message]
    assert first.occasions == ("failure",)
    second = not_begun(gone, first.told, on=ALL)
    assert (second.occasions, second.told) == ((), first.told)
    third = not_begun(full, second.told, on=ALL)
    assert [each.text for each in third.trouble] == [full.message]
    after = news(run(1, "=1"), (), third.told, on=ALL)
    assert ([each.kind for each in after.trouble], after.occasions) == (
        ["begins again"],
        ("recovery",),
    )
    assert news(run(2, "=1"), (), after.told, on=ALL).occasions == ()
    assert not_begun(gone, Told(), on=["change"]).occasions == ()


def test_what_fails_after_the_builds_is_told_once() -> None:
    full, gone = "No space is left: 3 GiB.", "There is no folder."
    nights = [[full], [full, gone], [full], [], [full]]
    runs = [replace(run(at, "=1"), trouble=tuple(each)) for at, each in enumerate(nights, 1)]
    assert told(runs) == ["Tafterwards", "Tafterwards", "-", "-", "Tafterwards"]
    first = news(runs[0], (), Told(), on=ALL)
    (trouble,) = news(runs[1], runs[:1], first.told, on=ALL).trouble
    assert trouble.text == gone


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("It took longer than 90 min.", "It took longer than 1 h 30 min.", True),
        ("No space is left: 3.5 GiB of 20 GiB.", "No space is left: 900 MiB of 20 GiB.", True),
        (
            "See /b/a/20261130T023000-0a1b2c3d/console.log, line 7.",
            "See /b/a/20261201T023000-ffffffff/console.log, line 12.",
            True,
        ),
        (
            "sha256 is deadbeef01, expected 0123abcd45",
            "sha256 is 99aabbcc, expected 0123abcd45",
            True,
        ),
        ("The guest crashed.", "The  guest\ncrashed.", True),
        ("/s/centos7-20261123.1.qcow2 is full.", "/s/centos7-20261124.12.qcow2 is full.", True),
        ("At 2026-11-30T02:30:00Z, pid 7.", "At 2026-12-01T02:30:11Z, pid 12345.", True),
        (
            "No domain 0a1b2c3d-0000-4000-8000-0123456789ab at 0x7f.",
            "No domain ffffffff-1111-4111-9111-ba9876543210 at 0x1a2.",
            True,
        ),
        ("127.0.0.1:8080 is closed, code 5.", "127.0.0.1:9090 is closed, code 5.", True),
        ("Package python3.11 is missing.", "Package python3.12 is missing.", False),
        ("rocky9 is no release.", "rocky8 is no release.", False),
        ("Package httpd is missing.", "Package nginx is missing.", False),
        ("In phase packages for 10 min.", "In phase boot for 10 min.", False),
        ("defaced", "decade", False),
    ],
)
def test_what_counts_as_the_same_failure(one: str, other: str, same: bool) -> None:
    assert (key(outcome(f"!{one}")) == key(outcome(f"!{other}"))) is same


def test_another_exit_code_is_another_failure() -> None:
    one = outcome(f"!{CRASH}")
    other = Outcome(name="a", result="failed", seconds=1, error=CRASH, exit_code=8)
    assert key(one) != key(other)
    assert len(key(outcome(f"!{'x' * 9999}"))) < 400
    assert occasions.is_new("a", key(other), Told(failures={"a": (key(one),)}))
