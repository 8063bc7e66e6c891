"""Measure `builder iso remaster` side by side with the other ways: `make bench`.

The rows take turns, so that a machine whose speed drifts is unfair to none of them. Compare WALL
with the sync after it (+SYNC): some tools leave their result in memory, others see it to the disk.
The other tools get files that are edited already.
"""

import argparse
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from builder import config
from tests.bench.options import parser
from tests.bench.remaster import media, places, report
from tests.bench.remaster.measure import floor, run
from tests.bench.remaster.rows import Row, rows
from tests.bench.remaster.targets import Group, Results, targets
from tests.bench.tables import promises, say
from tests.bench.usage import Failed


def main() -> None:
    """Print the tables of all media and file systems."""
    options = _options()
    options.cache.mkdir(parents=True, exist_ok=True)
    groups: list[Group] = []
    with ExitStack() as last:
        folder = Path(last.enter_context(TemporaryDirectory(prefix="run-", dir=options.cache)))
        edits = {name: media.make(media.KINDS[name], options.cache) for name in options.media}
        found = [places.local(folder)]
        if reason := places.why_no_xfs():
            say(f"XFS with reflinks is left out: {reason}.")
        else:
            largest = max(each.iso.stat().st_size for each in edits.values())
            found.append(last.enter_context(places.xfs(folder, largest)))
        for place in found:
            for name, each in edits.items():
                groups.append(_measure(name, each, place, runs=options.runs))
    judged = targets(groups)
    say(promises(judged))
    if options.json:
        options.json.write_bytes(msgspec.json.encode({"groups": groups, "targets": judged}))


def _options() -> argparse.Namespace:
    made = parser("bench", __doc__, runs=5)
    made.add_argument("--media", nargs="+", choices=media.KINDS, default=list(media.KINDS))
    made.add_argument(
        "--cache",
        type=Path,
        default=config.load().cache / "bench",
        help="folder on the file system to measure, with 25 GB free; keeps the ISOs",
    )
    return made.parse_args()


def _measure(name: str, edits: media.Edits, place: places.Place, *, runs: int) -> Group:
    say(f"\n{media.KINDS[name].title} on {place.name}, {runs} runs, load {os.getloadavg()[0]:.1f}")
    source = edits.iso
    if place.reflinks:
        source = Path(shutil.copy(edits.iso, place.folder / edits.iso.name))
    compared = rows(edits, source, place)
    group = Group(name, place.name, place.reflinks, _take_turns(compared, source, place, runs))
    if source != edits.iso:
        source.unlink()
    say(report.results(group, compared, floor()))
    return group


def _take_turns(compared: list[Row], source: Path, place: places.Place, runs: int) -> Results:
    """Run every row once in each round; the first round warms up."""
    results: Results = {row.name: [] for row in compared}
    failed = set[str]()
    for number in range(runs + 1):
        for row in (each for each in compared if each.name not in failed):
            out = place.folder / "out"
            out.mkdir()
            try:
                sample = run(row.argv, source, touches=row.copies * source.stat().st_size)
                results[row.name] += [sample] if number else []
            except Failed as error:
                failed.add(row.name)
                say(f"{row.name}: {error}")
            shutil.rmtree(out)
    return results


if __name__ == "__main__":
    main()
