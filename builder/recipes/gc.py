"""Clear up after builds and checks that nobody will finish."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from builder import files
from builder.host import cleanup
from builder.host.host import Hypervisor
from builder.monitor import Monitor
from builder.record import checks as rechecks
from builder.record.builds import ABANDONED, RUNNING, Build, builds, load
from builder.record.journal import Journal
from builder.registry import gc
from builder.registry.registry import Registry

Verdict = Literal["cleared", "still installing", "kept"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A build or a check whose process has gone, or a build that left something to look at."""

    build_id: str
    """Empty for what no build left: checks, half-copied ISOs in the iso pool, half templates."""
    name: str
    verdict: Verdict
    left: tuple[str, ...]
    """Names of its domains, paths of its files."""


def collect(on: Hypervisor, *, kept: bool, dry_run: bool, monitor: Monitor) -> tuple[Found, ...]:
    """Clear what killed builds, and checks of templates, left on the host.

    With `kept` also what failed builds kept for a look inside. A build whose guest still runs is
    left alone: it can be joined. So is whatever a process is at. `dry_run` only tells. Raises
    ConfigError when a ledger of templates that it has to ask cannot be read.
    """
    known = (each for each in builds(on.settings.artifacts) if each.state != RUNNING)
    found = tuple(each for build in known if (each := _judge(on, build, kept=kept)))
    checks = tuple(_checks(on))
    copies = tuple(map(_nobodys, files.abandoned(on.iso_pool.path)))
    if not dry_run:
        for each in (each for each in found if each.verdict == "cleared"):
            _clear(on, each, monitor=monitor)
        for each in checks:
            _clear_check(on, each.name, monitor=monitor)
        for each in copies:
            Path(each.left[0]).unlink(missing_ok=True)
    registry = Registry(on.store_pool.path)
    halves = map(_nobodys, gc.clear(registry, on.connection, dry_run=dry_run))
    return (*found, *checks, *copies, *halves)


def _nobodys(path: Path) -> Found:
    """A file whose maker was killed; it does not say which build that was."""
    return Found(build_id="", name=path.name, verdict="cleared", left=(str(path),))


def _checks(on: Hypervisor) -> Iterator[Found]:
    """Yield killed checks of templates; of those that failed nothing is left but their logs."""
    for folder in rechecks.abandoned(on.settings.state):
        if left := cleanup.left(on, folder.name):
            yield Found(build_id="", name=folder.name, verdict="cleared", left=left)


def _judge(on: Hypervisor, build: Build, *, kept: bool) -> Found | None:
    build_id = build.record.build_id
    left = cleanup.left(on, build_id)
    if build.state == ABANDONED:
        alive = cleanup.running(on, build_id)
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
        cleanup.clear(on, found.build_id, monitor=monitor)
        return
    with Journal.join(folder, monitor=monitor) as journal:
        cleanup.clear(on, found.build_id, monitor=monitor)
        journal.finish(state="cleared")


def _clear_check(on: Hypervisor, name: str, *, monitor: Monitor) -> None:
    cleanup.clear(on, name, monitor=monitor)
    if not cleanup.left(on, name):  # else the next gc finds it by its folder
        shutil.rmtree(on.settings.state / name, ignore_errors=True)
