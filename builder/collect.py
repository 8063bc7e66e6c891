"""Clear up after builds that nobody will finish."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from builder import leftovers
from builder.hypervisor import Hypervisor
from builder.journal import Entry, Journal, held, read
from builder.monitor import Monitor

Verdict = Literal["cleared", "still installing", "kept"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A build whose process has gone, or one that left something for a look inside."""

    build_id: str
    name: str
    verdict: Verdict
    left: tuple[str, ...]
    """Names of its domains, paths of its files."""


def collect(on: Hypervisor, *, kept: bool, dry_run: bool, monitor: Monitor) -> tuple[Found, ...]:
    """Clear what killed builds left, and with `kept` what failed ones kept for a look inside.

    A build whose guest still runs is left alone: it can be joined. So is one that a process
    carries out. `dry_run` only tells.
    """
    found = [_judge(on, folder, entry, kept=kept) for folder, entry in _builds(on)]
    results = tuple(each for each in found if each is not None)
    if not dry_run:
        for each in (each for each in results if each.verdict == "cleared"):
            _clear(on, each, monitor=monitor)
    return results


def _builds(on: Hypervisor) -> Iterator[tuple[Path, Entry]]:
    for path in sorted(on.settings.artifacts.glob("*/*/build.json")):
        entry = read(path.parent)
        if entry is not None and not held(path.parent):
            yield path.parent, entry


def _judge(on: Hypervisor, folder: Path, entry: Entry, *, kept: bool) -> Found | None:
    left = leftovers.left(on, entry.build_id)
    if entry.state == "running":
        alive = leftovers.running(on, entry.build_id)
        verdict: Verdict = "still installing" if alive else "cleared"
    elif left:
        verdict = "cleared" if kept else "kept"
    else:
        return None
    return Found(build_id=entry.build_id, name=folder.parent.name, verdict=verdict, left=left)


def _clear(on: Hypervisor, found: Found, *, monitor: Monitor) -> None:
    folder = on.settings.artifacts / found.name / found.build_id
    entry = read(folder)
    if entry is None or entry.state != "running":
        leftovers.clear(on, found.build_id, monitor=monitor)
        return
    with Journal.join(folder, monitor=monitor) as journal:
        leftovers.clear(on, found.build_id, monitor=monitor)
        journal.finish(state="abandoned")
