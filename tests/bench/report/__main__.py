"""Measure what the report of 30 images and 90 nights takes to write, and how large it is.

`make bench-report`. Every run is a whole process, Python's start included; START is what any
command takes before it does anything. The records are made up (tests/nights.py). FIRST writes into
a new folder, AGAIN into the one of the round before. The targets are of the processor's time, which
says what a machine would take that does nothing else.
"""

import argparse
import os
import shlex
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from tests import nights
from tests.bench.options import add_folder, conclude, parser
from tests.bench.tables import Target, most, say, spread, table
from tests.bench.usage import Usage, turns, usage

START, FIRST, AGAIN = "START", "first", "again"
_SECONDS, _KILOBYTES = 2.0, 300.0
Results = dict[str, list[Usage]]
"""The runs of each row."""


def main() -> None:
    """Print the tables."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        state = Path(folder)
        runs = nights.nights(state / "runs", images=options.images, nights=options.nights)
        load = os.getloadavg()[0]
        say(f"{options.images} images, {options.nights} nights, {len(runs)} runs, load {load:.1f}")
        results = _measure(state, runs=options.runs)
        sizes = {path.name: path.stat().st_size for path in (state / AGAIN).iterdir()}
    index = sizes["index.html"] / 1e3
    say(f"index.html {index:.0f} kB, all {len(sizes)} files {sum(sizes.values()) / 1e6:.1f} MB")
    conclude(options, _report(results), _targets(results, index), results)


def _options() -> argparse.Namespace:
    made = parser("bench-report", __doc__, runs=9)
    made.add_argument("--images", type=int, default=30)
    made.add_argument("--nights", type=int, default=90)
    add_folder(made, needs="100 MB free")
    return made.parse_args()


def _measure(state: Path, *, runs: int) -> Results:
    again = ["-m", "builder", "report", "-o", str(state / AGAIN)]
    # A shell makes the folder's name, a new one in each round.
    first = f"exec {shlex.quote(sys.executable)} -m builder report -o {state}/first-$$"
    rows = {
        START: [sys.executable, "-m", "builder", "--help"],
        FIRST: ["sh", "-c", first],
        AGAIN: [sys.executable, *again],
    }
    return turns(rows, runs, measured=partial(usage, BUILDER_STATE=str(state)))


def _report(results: Results) -> str:
    rows = [
        (
            row,
            *spread([each.processor for each in runs]),
            *spread([each.wall for each in runs]),
            f"{max(each.memory for each in runs):.0f}",
        )
        for row, runs in results.items()
    ]
    return table(("ROW", "PROCESSOR s", "MIN-MAX", "ELAPSED s", "MIN-MAX", "MB"), rows)


def _targets(results: Results, index: float) -> list[Target]:
    found = []
    for row in (FIRST, AGAIN):
        seconds = median(each.processor for each in results[row])
        found.append(most("report", row, seconds, limit=_SECONDS, unit="s"))
    return [*found, most("report", "index.html", index, limit=_KILOBYTES, unit="kB")]


if __name__ == "__main__":
    main()
