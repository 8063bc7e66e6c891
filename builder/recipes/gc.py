"""Clear up after builds and checks that nobody will finish."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from builder import files
from builder.errors import HostError
from builder.host import cleanup
from builder.host.host import Host
from builder.monitor import Monitor
from builder.recipes.steps import CHECKS, STEPS
from builder.recipes.work import Ticket
from builder.record import verifications
from builder.record.builds import ABANDONED, RUNNING, STOPPED, Build, builds, load
from builder.record.checkpoint import Checkpoint
from builder.record.journal import Journal
from builder.registry import gc
from builder.registry.registry import Registry

Fate = Literal["cleared", "still installing", "can be attached", "kept"]


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """A build or a check whose process has gone, or a build that left something to look at."""

    build_id: str
    """Empty for what no build left: checks, half-copied ISOs in the iso pool, half templates."""
    name: str
    verdict: Fate
    left: tuple[str, ...]
    """Names of its domains, paths of its files."""


def collect_garbage(
    host: Host, *, kept: bool, dry_run: bool, monitor: Monitor
) -> tuple[Leftover, ...]:
    """Clear what killed builds, and checks of templates, left on the host.

    With `kept` also what failed builds kept for a look inside, and what stopped builds can go on
    with. A killed build whose guest still runs is left alone: it can be joined. So is whatever a
    process is at. `dry_run` only tells. Raises
    ConfigError when a ledger of templates that it has to ask cannot be read.
    """
    known = (each for each in builds(host.settings.artifacts) if each.state != RUNNING)
    found = tuple(each for build in known if (each := _judge(host, build, kept=kept)))
    checks = tuple(_checks(host))
    copies = tuple(map(_nobodys, files.abandoned(host.iso_pool.path)))
    if not dry_run:
        for each in (each for each in found if each.verdict == "cleared"):
            _clear(host, each, monitor=monitor)
        for each in checks:
            _clear_check(host, each.name, monitor=monitor)
        for each in copies:
            Path(each.left[0]).unlink(missing_ok=True)
    registry = Registry(host.store_pool.path)
    halves = map(_nobodys, gc.clear(registry, host.connection, dry_run=dry_run))
    return (*found, *checks, *copies, *halves)


def _nobodys(path: Path) -> Leftover:
    """A file whose maker was killed; it does not say which build that was."""
    return Leftover(build_id="", name=path.name, verdict="cleared", left=(str(path),))


def _checks(host: Host) -> Iterator[Leftover]:
    """Yield killed checks of templates; of those that failed nothing is left but their logs."""
    for folder in verifications.abandoned(host.settings.state):
        if left := cleanup.left(host, folder.name):
            yield Leftover(build_id="", name=folder.name, verdict="cleared", left=left)


def _judge(host: Host, build: Build, *, kept: bool) -> Leftover | None:
    build_id = build.record.build_id
    left = cleanup.left(host, build_id)
    if build.state == ABANDONED:
        goes_on = cleanup.running(host, build_id) and _joinable(build)
        verdict: Fate = "still installing" if goes_on else "cleared"
    elif build.state == STOPPED:
        verdict = "cleared" if kept or not _joinable(build) else "can be attached"
    elif left:  # what was not kept could not be cleared when the build ended
        verdict = "kept" if build.record.kept and not kept else "cleared"
    else:
        return None
    return Leftover(build_id=build_id, name=build.record.name, verdict=verdict, left=left)


def _joinable(build: Build) -> bool:
    """Tell whether `attach` can go on with it: not with one that another version of us began."""
    checkpoint = Checkpoint.read(build.folder)
    try:
        Ticket.of(checkpoint)
        for step in STEPS:
            step.result(checkpoint)
    except HostError:
        return False
    return True


def _clear(host: Host, found: Leftover, *, monitor: Monitor) -> None:
    folder = host.settings.artifacts / found.name / found.build_id
    build = load(folder)
    if build is None or build.state not in (ABANDONED, STOPPED):
        cleanup.clear(host, found.build_id, monitor=monitor)
        return
    with Journal.join(folder, monitor=monitor) as journal:
        cleanup.clear(host, found.build_id, monitor=monitor)
        shutil.rmtree(folder / CHECKS, ignore_errors=True)
        journal.finish(state="cleared")


def _clear_check(host: Host, name: str, *, monitor: Monitor) -> None:
    cleanup.clear(host, name, monitor=monitor)
    if not cleanup.left(host, name):  # else the next gc finds it by its folder
        shutil.rmtree(host.settings.state / name, ignore_errors=True)
