"""Measure what it takes to find templates among a thousand versions of one.

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

import msgspec

from tests.bench.registry.store import NAME, build_key, fill, host
from tests.bench.tables import Target, promises, table
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
_SECONDS = 0.2
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
        _say(f"{options.versions} versions, manifests of {size / 1e3:.0f} kB, load {load:.1f}")
        results = _take_turns(_rows(store, options.versions), pythons, here, runs=options.runs)
    _say(_report(results))
    _say(f"\n{promises(_targets(results))}")
    if options.json:
        named = {f"{row}, {who}": runs for (row, who), runs in results.items()}
        options.json.write_bytes(msgspec.json.encode(named))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-registry", description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="counted runs of each row")
    parser.add_argument("--versions", type=int, default=1000, help="of the one template")
    parser.add_argument(
        "--against", type=Path, metavar="PYTHON", help="of a checkout's .venv: .venv/bin/python"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("/var/tmp"),  # noqa: S108  # of a name of its own in there
        help="on the file system to measure, with 100 MB free",
    )
    parser.add_argument("--json", type=Path, help="write every run to this file")
    return parser.parse_args()


def _rows(store: Path, versions: int) -> dict[str, list[str]]:
    """Return what each row has Python do."""
    unchanged = ["-c", _UNCHANGED, str(store), NAME]
    return {
        START: ["-m", "builder", "--help"],
        "template list NAME": ["-m", "builder", "template", "list", NAME],
        "template show NAME": ["-m", "builder", "template", "show", NAME],
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
    seconds = [each.processor for each in runs]
    pairs = zip(runs, results[row, OURS], strict=True)
    ratio = median(other.processor / ours.processor for other, ours in pairs)
    return (
        f"{median(seconds):.3f}",
        f"{min(seconds):.3f}-{max(seconds):.3f}",
        f"{max(each.memory for each in runs):.0f}",
        "" if who == OURS else f"{ratio:.1f}",
    )


def _targets(results: Results) -> list[Target]:
    found = []
    for row, who in results:
        if who == OURS and row != START:
            seconds = median(each.processor for each in results[row, who])
            text = f"{row}: at most {_SECONDS} s"
            found.append(Target("registry", text, seconds, "s", seconds <= _SECONDS))
    return found


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
