"""Which builds begin when, and what is tried again."""

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from builder.pipeline import schedule
from builder.pipeline.job import Job, Limits, Retry
from builder.pipeline.schedule import Need, Room, Task
from builder.recipes.order import Request
from builder.record.runs import Outcome, Run
from tests.values import machine

ROOM = Room(parallel=3, memory_mib=8000, vcpus=4, disk_gib=100)


def task(name: str, expected: float | None = None, **need: int) -> Task:
    job = Job(name=name, medium="x", request=Request(release="x"))
    return Task(job=job, need=Need(**need), expected=expected)


@pytest.mark.parametrize(
    ("waiting", "running", "begins"),
    [
        ([task("a", 1), task("b", 3), task("c", 2)], [], "b c a"),
        ([task("a", 1), task("new"), task("c", 2)], [], "new c a"),
        ([task("a", 5), task("b", 5)], [], "a b"),
        ([task(name, 1) for name in "abcd"], [], "a b c"),
        ([task("a", 1)], [Need()] * 3, ""),
        ([task("big", 9, memory_mib=6000), task("small", 1, memory_mib=3000)], [], "big"),
        ([task("big", 9, memory_mib=6000)], [Need(memory_mib=3000)], ""),
        ([task("big", 9, memory_mib=6000), task("small", 1)], [Need(memory_mib=3000)], "small"),
        ([task("huge", 9, memory_mib=9000), task("small", 1)], [Need()], "small"),
        ([task("huge", 9, memory_mib=9000), task("small", 1, memory_mib=1)], [], "huge"),
        ([task("a", vcpus=2), task("b", vcpus=2), task("c", vcpus=1)], [], "a b"),
        ([task("a", disk_gib=60), task("b", disk_gib=60)], [], "a"),
    ],
    ids=[
        "the longest first",
        "an unknown one is the longest",
        "else in the file's order",
        "no more than parallel",
        "all places taken",
        "what does not fit waits",
        "also for those that run",
        "what fits goes past what does not",
        "more than the whole room waits",
        "and begins alone",
        "processors",
        "disks",
    ],
)
def test_which_begin(waiting: list[Task], running: list[Need], begins: str) -> None:
    assert [each.name for each in schedule.chosen(waiting, running, ROOM)] == begins.split()


NEEDS = st.builds(
    Need,
    memory_mib=st.integers(0, 12_000),
    vcpus=st.integers(0, 6),
    disk_gib=st.integers(0, 150),
)
SECONDS = st.one_of(st.none(), st.integers(1, 50).map(float))


@given(
    st.lists(st.tuples(NEEDS, SECONDS, st.integers(1, 50)), max_size=30),
    st.builds(
        Room,
        parallel=st.integers(1, 6),
        memory_mib=st.integers(1, 10_000),
        vcpus=st.integers(1, 5),
        disk_gib=st.integers(1, 120),
    ),
)
def test_never_above_the_limits_and_everything_runs(
    wanted: list[tuple[Need, float | None, int]], room: Room
) -> None:
    waiting = {
        str(number): task(str(number), expected, **{key: getattr(need, key) for key in KEYS})
        for number, (need, expected, _) in enumerate(wanted)
    }
    running: list[tuple[float, str, Need]] = []
    now, done = 0.0, 0
    while waiting or running:
        needs = [need for _, _, need in running]
        for each in schedule.chosen(waiting.values(), needs, room):
            del waiting[each.name]
            heapq.heappush(running, (now + wanted[int(each.name)][2], each.name, each.need))
        assert running, "nothing runs, and nothing begins"
        assert len(running) <= room.parallel
        for key in KEYS:
            together = sum(getattr(need, key) for _, _, need in running)
            assert together <= getattr(room, key) or len(running) == 1
        now, _, _ = heapq.heappop(running)
        done += 1
    assert done == len(wanted)


KEYS = ("memory_mib", "vcpus", "disk_gib")


def test_a_build_boots_two_clones_at_once() -> None:
    assert schedule.need(machine(memory_mib=2048, vcpus=2), 10) == Need(
        memory_mib=2 * (2048 + 300), vcpus=2, disk_gib=10
    )


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(), ""),
        (Limits(memory_mib=4696), ""),
        (Limits(memory_mib=4695), "it needs 4696 MiB, and memory_mib allows 4695"),
        (Limits(vcpus=1), "it needs 2 processors, and vcpus allows 1"),
        (Limits(disk_gib=9), "it needs 10 GiB, and disk_gib allows 9"),
    ],
)
def test_what_exceeds_limits_that_somebody_set(limits: Limits, told: str) -> None:
    assert schedule.excess(Need(memory_mib=4696, vcpus=2, disk_gib=10), limits) == told


def test_a_limit_of_nought_is_what_the_host_has() -> None:
    host = Room(parallel=1, memory_mib=1000, vcpus=8, disk_gib=50)
    found = schedule.room(Limits(parallel=2, vcpus=3), host)
    assert found == Room(parallel=2, memory_mib=1000, vcpus=3, disk_gib=50)


def night(*outcomes: Outcome) -> Run:
    return Run(run_id="x", pipeline="p", jobs=(), began="2026-11-30T02:30:00Z", outcomes=outcomes)


def took(seconds: float, **more: object) -> Outcome:
    return replace(Outcome(name="a", result="published", seconds=seconds), **more)


def test_times_are_learned_from_the_last_builds() -> None:
    nights = [night(took(each)) for each in (9000, 1, 2, 3, 4, 5)]
    assert schedule.learned(nights) == {"a": 3}
    nights += [night(took(0.1, result="unchanged"), took(7, result="failed"))]
    nights += [night(took(8000, attempts=2))]
    assert schedule.learned(nights) == {"a": 3}


@pytest.mark.parametrize(
    ("code", "may_pass", "on", "attempt", "again"),
    [
        (5, True, ("media",), 1, True),
        (5, True, ("media",), 2, True),
        (5, True, ("media",), 3, False),
        (5, True, ("host",), 1, False),
        (5, False, ("media",), 1, False),
        (4, True, ("media", "host"), 1, True),
        (8, True, ("media", "host"), 1, False),
        (8, True, ("hang",), 1, True),
        (8, False, ("hang",), 1, False),
        (6, True, ("media", "host", "hang"), 1, False),
        (7, True, ("media", "host", "hang"), 1, False),
        (1, True, ("media", "host", "hang"), 1, False),
    ],
)
def test_what_is_tried_again(
    code: int, may_pass: bool, on: tuple[str, ...], attempt: int, again: bool
) -> None:
    retry = Retry(times=2, on=on)  # type: ignore[arg-type]  # of the table
    assert schedule.again(code, retry, attempt, may_pass=may_pass) == again


def test_each_wait_is_twice_the_last() -> None:
    assert [schedule.wait(Retry(wait_minutes=2), each) for each in (1, 2, 3)] == [120, 240, 480]
