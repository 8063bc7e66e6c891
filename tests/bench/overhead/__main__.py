"""Measure what `builder build` adds to an installation, beside virt-install and Packer.

`make bench-overhead`. All install the rehearsal release from the same ISO with the same kickstart
on the same hardware, and take turns, so that a machine whose speed drifts is unfair to none of
them. START is what passes from the command to the guest's first instruction, STOP from its last
one to the command's end; for builder, which goes on to make a template of the disk, to the end of
its installation. What it does after that is listed apart. WHOLE is all three together. ZOMBIE is
the part of STOP in which QEMU had ended and its parent had not reaped it, which libvirt waits for.
"""

import argparse
import os
import signal
import sys
from types import FrameType

import msgspec

from tests.bench.options import add_folder, parser
from tests.bench.overhead import report
from tests.bench.overhead.measure import run
from tests.bench.overhead.place import Place, place
from tests.bench.overhead.rows import NAMES, OURS, Row, rows
from tests.bench.overhead.targets import Results, targets
from tests.bench.tables import promises, say
from tests.bench.usage import Failed


def main() -> None:
    """Print the tables."""
    options = _options()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    with place(options.folder) as here:
        compared = [row for row in rows(here) if row.name in options.rows]
        say(f"{_machine(here)}, {options.runs} runs, load {os.getloadavg()[0]:.1f}")
        results = _take_turns(compared, here, options.runs)
    say(report.results(results, compared))
    if results.get(OURS):
        say(f"\n{report.account(results[OURS])}")
    judged = targets(results)
    say(f"\n{promises(judged)}")
    if options.json:
        options.json.write_bytes(msgspec.json.encode({"rows": results, "targets": judged}))


def _options() -> argparse.Namespace:
    made = parser("bench-overhead", __doc__, runs=3)
    made.add_argument("--rows", nargs="+", choices=NAMES, default=NAMES)
    add_folder(made, needs="3 GB free; open to the hypervisor's user")
    return made.parse_args()


def _machine(here: Place) -> str:
    machine = here.machine
    return f"{machine.virt_type}, CPU {machine.cpu}, {machine.memory_mib} MiB, {machine.vcpus} CPU"


def _take_turns(compared: list[Row], here: Place, runs: int) -> Results:
    """Run every row once in each round; one that failed is left out of the next."""
    results: Results = {row.name: [] for row in compared}
    left = [row for row in compared if not row.missing]
    for _ in range(runs):
        for row in tuple(left):
            here.clear()
            try:
                results[row.name].append(run(row, here))
            except (Failed, LookupError) as error:
                left.remove(row)
                results[row.name] = []
                say(f"{row.name}: {error}")
    return results


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Once is enough: nothing may interrupt the cleaning up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
