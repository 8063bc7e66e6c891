"""Clear up after builds that nobody will finish."""

from pathlib import Path
from typing import Literal

import msgspec

from builder import files, leftovers
from builder.builds import ABANDONED, RUNNING, Build, builds, load
from builder.hypervisor import Hypervisor
from builder.journal import Journal
from builder.monitor import Monitor
from builder.template import strays

Verdict = Literal["cleared", "still installing", "kept"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A build whose process has gone, or one that left something for a look inside."""

    build_id: str
    """Empty for a half-copied ISO in the iso pool, and for what is half a template."""
    name: str
    verdict: Verdict
    left: tuple[str, ...]
    """Names of its domains, paths of its files."""


def collect(on: Hypervisor, *, kept: bool, dry_run: bool, monitor: Monitor) -> tuple[Found, ...]:
    """Clear what killed builds left, and with `kept` what failed ones kept for a look inside.

    A build whose guest still runs is left alone: it can be joined. So is one that a process
    carries out. `dry_run` only tells. Raises ConfigError when a ledger of templates that it has to
    ask cannot be read.
    """
    known = (each for each in builds(on.settings.artifacts) if each.state != RUNNING)
    found = tuple(each for build in known if (each := _judge(on, build, kept=kept)))
    copies = tuple(map(_nobodys, files.abandoned(on.iso_pool.path)))
    if not dry_run:
        for each in (each for each in found if each.verdict == "cleared"):
            _clear(on, each, monitor=monitor)
        for each in copies:
            Path(each.left[0]).unlink(missing_ok=True)
    halves = map(_nobodys, strays.clear(on.store_pool.path, on.connection, dry_run=dry_run))
    return (*found, *copies, *halves)


def _nobodys(path: Path) -> Found:
    """A file whose maker was killed; it does not say which build that was."""
    return Found(build_id="", name=path.name, verdict="cleared", left=(str(path),))


def _judge(on: Hypervisor, build: Build, *, kept: bool) -> Found | None:
    build_id = build.record.build_id
    left = leftovers.left(on, build_id)
    if build.state == ABANDONED:
        alive = leftovers.running(on, build_id)
        verdict: Verdict = "still installing" if alive else "cleared"
    elif left:
        verdict = "cleared" if kept else "kept"
    else:
        return None
    return Found(build_id=build_id, name=build.record.name, verdict=verdict, left=left)


def _clear(on: Hypervisor, found: Found, *, monitor: Monitor) -> None:
    folder = on.settings.artifacts / found.name / found.build_id
    build = load(folder)
    if build is None or build.state != ABANDONED:
        leftovers.clear(on, found.build_id, monitor=monitor)
        return
    with Journal.join(folder, monitor=monitor) as journal:
        leftovers.clear(on, found.build_id, monitor=monitor)
        journal.finish(state="cleared")
