"""Measure what it is worth to run builds at once, and the longest first.

`make bench-pipeline`. The runner is the real one, with a process for each build; the builds only
wait, and write down when they hold how much memory. ONE AFTER THE OTHER has four images one at a
time, AT ONCE four; BY MEMORY allows four, of which the memory lets two run. FILE'S ORDER has three
images of which the last one in the file takes longest, two at a time; LONGEST FIRST is the same
with what earlier runs tell. IDEAL is what the waits alone would take; a process takes a second to
start, and up to eight on a busy machine: there --unit must be larger for the rows to differ.
"""

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from builder.pipeline import runner
from builder.pipeline.display import Blind
from builder.pipeline.job import Job
from builder.pipeline.runner import Rules
from builder.pipeline.schedule import Need, Room, Task
from builder.recipes.order import Request
from tests.bench.options import conclude, parser
from tests.bench.pipeline.waits import wait
from tests.bench.tables import Target, most, table

EACH_MIB = 4000
FOUR = {name: 4.0 for name in "abcd"}
MIXED = {"a": 4.0, "b": 4.0, "c": 8.0}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one way came to."""

    way: str
    seconds: float
    ideal: float
    at_once: int
    memory_mib: int
    """The most at one time."""


def measure(
    way: str,
    seconds: dict[str, float],
    *,
    room: Room,
    known: bool,
    ideal: float,
) -> Row:
    """Run the builds."""
    tasks = [
        Task(
            job=Job(name=name, medium="x", request=Request(release="x")),
            need=Need(memory_mib=EACH_MIB),
            # Of builds that nobody has seen, the file's order decides.
            expected=each if known else 1.0,
        )
        for name, each in seconds.items()
    ]
    with tempfile.TemporaryDirectory(prefix="builder-bench-") as name:
        ledger = Path(name) / "ledger"
        work = partial(wait, ledger=ledger, seconds=seconds)
        began = time.monotonic()
        runner.run(tasks, work, rules=Rules(room=room), display=Blind(), over=str)
        took = time.monotonic() - began
        most_at_once = _most(ledger)
    return Row(
        way=way,
        seconds=took,
        ideal=ideal,
        at_once=most_at_once,
        memory_mib=most_at_once * EACH_MIB,
    )


def _most(ledger: Path) -> int:
    held, found = 0, 0
    for line in ledger.read_text().split():
        held += int(line)
        found = max(found, held)
    return found


def rows(unit: float) -> list[Row]:
    """Measure all ways."""
    four = {name: each * unit for name, each in FOUR.items()}
    mixed = {name: each * unit for name, each in MIXED.items()}

    def room(parallel: int, memory_mib: int) -> Room:
        return Room(parallel=parallel, memory_mib=memory_mib, vcpus=100, disk_gib=100)

    much, little = 5 * EACH_MIB, 2 * EACH_MIB + 500
    return [
        measure("one after the other", four, room=room(1, much), known=True, ideal=16 * unit),
        measure("at once", four, room=room(4, much), known=True, ideal=4 * unit),
        measure("by memory", four, room=room(4, little), known=True, ideal=8 * unit),
        measure("file's order", mixed, room=room(2, much), known=False, ideal=12 * unit),
        measure("longest first", mixed, room=room(2, much), known=True, ideal=8 * unit),
    ]


def targets(found: Sequence[Row]) -> list[Target]:
    """Return what is promised."""
    one, at_once, by_memory, order, longest = found
    limit = 2 * EACH_MIB + 500
    gain, sooner = at_once.seconds / one.seconds, longest.seconds / order.seconds
    return [
        most("four images", "at once, of one by one", gain, limit=0.5, unit=""),
        most("by memory", "held at one time", by_memory.memory_mib, limit=limit, unit="MiB"),
        most("three images", "longest first, of the file's order", sooner, limit=0.9, unit=""),
    ]


def main() -> None:
    """Print the table."""
    made = parser("bench-pipeline", __doc__, runs=1)
    made.add_argument("--unit", type=float, default=6.0, help="seconds of half the shortest wait")
    options = made.parse_args()
    found = rows(options.unit)
    cells = [
        (row.way, f"{row.seconds:.1f}", f"{row.ideal:.1f}", str(row.at_once), str(row.memory_mib))
        for row in found
    ]
    report = table(("WAY", "SECONDS", "IDEAL", "AT ONCE", "MIB"), cells)
    conclude(options, report, targets(found), found)


if __name__ == "__main__":
    main()
