"""Measure what it takes to find templates among five thousand versions of one.

`make bench-registry`. Every row is a whole process, Python's start included; START is what any
command takes before it does anything. `unchanged` is what a build asks before it begins. With
--against, the same is run by another Python, such as that of a checkout of another commit; both
take turns, and RATIO is the median of how many times as long that took.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.bench.options import add_folder, conclude, parser
from tests.bench.registry.store import NAME, build_key, fill, host
from tests.bench.tables import Target, most, say, spread, table
from tests.bench.usage import Usage, usage

OURS, OTHER = "ours", "other"
START = "START"
# Also as it was when the registry had no class, and when it was a part of another package.
_UNCHANGED = """
import sys
from pathlib import Path
try:
    from builder.registry import registry
except ImportError:
    from builder.template import registry
store, name, key = Path(sys.argv[1]), *sys.argv[2:]
if hasattr(registry, "Registry"):
    registry.Registry(store).unchanged(name, key=key)
else:
    registry.unchanged(store, name, key=key)
"""
_SECONDS = 1.0
Results = dict[tuple[str, str], list[Usage]]
"""The runs of each row by each Python."""


def main() -> None:
    """Print the tables."""
    options = _options()
    pythons = {OURS: sys.executable}
    if options.against:
        pythons[OTHER] = str(options.against.absolute())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        here = Path(folder)
        store = here / "store"
        store.mkdir()
        size = fill(store, options.versions)
        (here / "host.xml").write_text(host(store))
        load = os.getloadavg()[0]
        say(f"{options.versions} versions, manifests of {size / 1e3:.0f} kB, load {load:.1f}")
        results = _take_turns(_rows(store, options.versions), pythons, here, runs=options.runs)
    named = {f"{row}, {who}": runs for (row, who), runs in results.items()}
    conclude(options, _report(results), _targets(results), named)


def _options() -> argparse.Namespace:
    made = parser("bench-registry", __doc__, runs=9)
    made.add_argument("--versions", type=int, default=5000, help="of the one template")
    made.add_argument(
        "--against", type=Path, metavar="PYTHON", help="of a checkout's .venv: .venv/bin/python"
    )
    add_folder(made, needs="500 MB free")
    return made.parse_args()


def _rows(store: Path, versions: int) -> dict[str, list[str]]:
    """Return what each row has Python do."""
    unchanged = ["-c", _UNCHANGED, str(store), NAME]
    return {
        START: ["-m", "builder", "--help"],
        "template list": ["-m", "builder", "template", "list"],
        "template list NAME": ["-m", "builder", "template", "list", NAME],
        "template show NAME": ["-m", "builder", "template", "show", NAME],
        "template promote NAME": ["-m", "builder", "template", "promote", NAME],
        "unchanged, no such name": ["-c", _UNCHANGED, str(store), "nosuch", build_key(0)],
        "unchanged, the newest is": [*unchanged, build_key(versions - 1)],
        "unchanged, none is": [*unchanged, build_key(versions)],
    }


def _take_turns(
    rows: dict[str, list[str]], pythons: dict[str, str], here: Path, *, runs: int
) -> Results:
    """Run every row once in each round; the first round warms up."""
    results: Results = {(row, who): [] for row in rows for who in pythons}
    settings = {"BUILDER_URI": f"test://{here}/host.xml", "BUILDER_STORE_POOL": "store"}
    for number in range(runs + 1):
        for row, who in results:
            used = usage([pythons[who], *rows[row]], folder=here, **settings)
            results[row, who] += [used] if number else []
    return results


def _report(results: Results) -> str:
    header = ("ROW", "BY", "PROCESSOR s", "MIN-MAX", "MB", "RATIO")
    return table(header, [(row, who, *_figures(results, row, who)) for row, who in results])


def _figures(results: Results, row: str, who: str) -> tuple[str, ...]:
    runs = results[row, who]
    pairs = zip(runs, results[row, OURS], strict=True)
    ratio = median(other.processor / ours.processor for other, ours in pairs)
    return (
        *spread([each.processor for each in runs], digits=3),
        f"{max(each.memory for each in runs):.0f}",
        "" if who == OURS else f"{ratio:.1f}",
    )


def _targets(results: Results) -> list[Target]:
    found = []
    for row, who in results:
        if who == OURS and row != START:
            seconds = median(each.processor for each in results[row, who])
            found.append(most("registry", row, seconds, limit=_SECONDS, unit="s"))
    return found


if __name__ == "__main__":
    main()
