"""Which builds begin when: what they need against what there is, the longest first."""

import math
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from builder.model.domain import Machine
from builder.pipeline.job import Cause, Job, Limits, Retry
from builder.record.runs import Run

_QEMU_MIB = 300
"""What a guest's process needs beside the guest's memory."""
_CLONES = 2
"""So many guests run at once when an image is checked; one installs."""
_NIGHTS = 5
"""So many of the last runs tell how long an image takes."""
_CAUSES: dict[int, Cause] = {4: "host", 5: "media", 8: "hang"}


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a build takes of its host at most, at one time."""

    memory_mib: int = 0
    vcpus: int = 0
    """Of one guest: more processors than there are make it slow, and break nothing."""
    disk_gib: int = 0


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What builds may take together."""

    parallel: int
    memory_mib: int
    vcpus: int
    disk_gib: int


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A job that is to be built."""

    job: Job
    need: Need = Need()
    expected: float | None = None
    """Seconds, by earlier runs; None where none tells."""

    @property
    def name(self) -> str:
        """The template's name."""
        return self.job.name


def need(machine: Machine, capacity_gib: int) -> Need:
    """Return what a build takes whose guests are such machines with disks of that size.

    The check boots two clones at once. A disk takes what is written to it, which nobody knows
    before.
    """
    return Need(
        memory_mib=_CLONES * (machine.memory_mib + _QEMU_MIB),
        vcpus=machine.vcpus,
        disk_gib=capacity_gib,
    )


def room(limits: Limits, host: Room) -> Room:
    """Return what builds may take: what the file says, and where it says 0 what the host has."""
    return Room(
        parallel=limits.parallel,
        memory_mib=limits.memory_mib or host.memory_mib,
        vcpus=limits.vcpus or host.vcpus,
        disk_gib=limits.disk_gib or host.disk_gib,
    )


def excess(need: Need, limits: Limits) -> str:
    """Tell by how much a build alone would exceed limits that somebody has set; empty if none.

    One that needs more than the host seems to have runs, alone: so would `builder build`.
    """
    for key, unit in (("memory_mib", "MiB"), ("vcpus", "processors"), ("disk_gib", "GiB")):
        wanted, limit = getattr(need, key), getattr(limits, key)
        if 0 < limit < wanted:
            return f"it needs {wanted} {unit}, and {key} allows {limit}"
    return ""


def chosen(waiting: Iterable[Task], running: Sequence[Need], room: Room) -> tuple[Task, ...]:
    """Return which of those that wait begin now: the longest first, others where it does not fit.

    One that does not fit into the whole room begins when nothing else runs.
    """
    taken, begins = list(running), []
    for task in sorted(waiting, key=_order):
        if not taken or _fits(task.need, taken, room):
            taken.append(task.need)
            begins.append(task)
    return tuple(begins)


def _order(task: Task) -> float:
    return -(math.inf if task.expected is None else task.expected)


def _fits(need: Need, taken: Sequence[Need], room: Room) -> bool:
    return len(taken) < room.parallel and all(
        sum(getattr(each, key) for each in (*taken, need)) <= getattr(room, key)
        for key in Need.__struct_fields__
    )


def learned(runs: Iterable[Run]) -> dict[str, float]:
    """Return how many seconds each image took when it was last built, by runs, oldest first.

    Attempts that failed before, and the waits between them, say nothing of the next night.
    """
    times: dict[str, list[float]] = {}
    for outcome in (each for run in runs for each in run.outcomes):
        if outcome.result == "published" and outcome.attempts == 1:
            times.setdefault(outcome.name, []).append(outcome.seconds)
    return {name: median(found[-_NIGHTS:]) for name, found in times.items()}


def again(exit_code: int, retry: Retry, attempt: int, *, may_pass: bool) -> bool:
    """Tell whether an attempt that failed, the first or a later one, is worth another."""
    return may_pass and _CAUSES.get(exit_code) in retry.on and attempt <= retry.times


def wait(retry: Retry, attempt: int) -> float:
    """Return the seconds before the next attempt, `attempt` being the number of the last one."""
    return retry.wait_minutes * 60 * 2.0 ** (attempt - 1)
