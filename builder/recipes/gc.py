"""Clear up after builds and checks that nobody will finish."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import BuilderError, HostError
from builder.host import cleanup, strays
from builder.host.host import Host
from builder.host.strays import Stray
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.proof import user_checks
from builder.recipes import evidence
from builder.recipes.joining import begun, obstacle
from builder.recipes.steps import CHECKS
from builder.record import verifications
from builder.record.builds import ABANDONED, OPEN, RUNNING, Build
from builder.record.journal import Journal
from builder.record.listing import builds
from builder.registry import gc
from builder.registry.registry import Registry

Fate = Literal[
    "cleared",
    "would be cleared",
    "left behind",
    "its guest runs",
    "can be attached",
    "kept",
    "skipped",
    "unclaimed",
]


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """What a process left that has gone, or that failed and left something to look at."""

    build_id: str = ""
    """Or a check's. Empty where there is none: half-copied ISOs in the iso pool, half templates."""
    name: str
    verdict: Fate
    why: str = ""
    """Of what is not cleared, or what one may do about it."""
    left: tuple[str, ...]
    """Names of its domains, paths of its files."""


def collect_garbage(
    host: Host, *, kept: bool, dry_run: bool, monitor: Monitor
) -> tuple[Leftover, ...]:
    """Clear what killed builds, and checks of templates, left on the host.

    With `kept` also what failed builds kept for a look inside, and installations that `attach`
    could go on with. A build whose guest still runs is left alone, and so is whatever a process is
    at. What has no proof of being a build's is only told. `dry_run` only tells. Raises HostError
    when builds, checks or a pool's folder cannot be read.
    """
    found = [
        each.told if dry_run or each.clear is None else _settled(each.told, each.clear, monitor)
        for each in _found(host, kept=kept, monitor=monitor)
    ]
    return (*found, *_halves(host, dry_run=dry_run))


def _halves(host: Host, *, dry_run: bool) -> Iterator[Leftover]:
    store, place = Registry(host.store_pool.path), host.settings.builds
    if store.store.exists():  # else nobody has made the pool yet
        for each in gc.clear(store, host.connection, builds=place, dry_run=dry_run):
            yield _of_half(each, dry_run=dry_run)


def _of_half(half: gc.Half, *, dry_run: bool) -> Leftover:
    fate: Fate = "would be cleared" if dry_run else "cleared"
    told = replace(_nobodys(half.path), why=half.why)
    return replace(told, verdict="unclaimed" if half.why else fate)


class _Found(NamedTuple):
    told: Leftover
    clear: Callable[[Monitor], bool] | None = None
    """Tells whether it is gone then; None for what is only told."""


def _settled(told: Leftover, clear: Callable[[Monitor], bool], monitor: Monitor) -> Leftover:
    try:
        gone = clear(monitor)
    except BuilderError as error:  # somebody went on with it, or libvirt refuses
        return replace(told, verdict="skipped", why=error.message)
    except OSError as error:
        monitor.tell("warning", f"{told.name} is left behind: {error}")
        return replace(told, verdict="left behind", why=str(error))
    return replace(told, verdict="cleared" if gone else "left behind")


def _found(host: Host, *, kept: bool, monitor: Monitor) -> tuple[_Found, ...]:
    """Return all that is left on the host, with what clears it."""
    every = builds(host.settings.builds, monitor=monitor)
    checks = verifications.known(host.settings.state)
    known = {*(each.folder.name for each in every), *(each.name for each in checks)}
    found = [
        *(each for build in every for each in _of_build(host, build, kept=kept)),
        *(each for folder in checks for each in _of_check(host, folder)),
    ]
    for path in files.abandoned(host.iso_pool.path):
        found.append(_Found(_nobodys(path), partial(_unlinked, path)))
    return (*found, *_of_others(host, known), *_alike(host))


def _alike(host: Host) -> Iterator[_Found]:
    why = "its name is like those that we give half-written files, and not one of them"
    for folder in dict.fromkeys((host.iso_pool.path, host.store_pool.path)):
        for path in files.abandoned(folder, mark=""):
            yield _Found(replace(_nobodys(path), verdict="unclaimed", why=why))


def _nobodys(path: Path) -> Leftover:
    """A file whose maker was killed; it does not say which build that was."""
    return Leftover(name=path.name, verdict="would be cleared", left=(str(path),))


def _unlinked(path: Path, _monitor: Monitor) -> bool:
    path.unlink(missing_ok=True)
    return True


def _of_build(host: Host, build: Build, *, kept: bool) -> Iterator[_Found]:
    if build.state == RUNNING or files.held(build.folder):
        return
    told = Leftover(
        build_id=build.folder.name,
        name=build.folder.parent.name,
        verdict="would be cleared",
        left=(),
    )
    if build.flaw:
        if build.state not in ("done", "cleared"):
            yield _Found(replace(told, verdict="skipped", why=build.flaw))
        return
    told = replace(told, left=cleanup.left(host, build.traces))
    verdict, why = _verdict(host, build, told.left, kept=kept)
    if verdict != "would be cleared":
        yield _Found(replace(told, verdict=verdict, why=why))
    elif told.left or build.state in OPEN:
        yield _Found(told, partial(cleared, host, build))


def _verdict(host: Host, build: Build, left: tuple[str, ...], *, kept: bool) -> tuple[Fate, str]:
    # What was not kept could not be cleared when the build ended.
    if build.state == "failed" and build.record.kept and left and not kept:
        return "kept", "`builder gc --kept` clears it"
    if build.state in OPEN and begun(build, left):
        if gone := obstacle(build):
            why = f"{gone}: nothing to attach; `builder gc --kept` clears what is left"
            return ("would be cleared", "") if kept else ("kept", why)
        join = f"`builder attach {build.record.build_id}` goes on with it"
        if build.state == ABANDONED and cleanup.running(host, build.traces):
            return "its guest runs", join
        if not kept:
            return "can be attached", f"{join}, `builder gc --kept` clears it"
    return "would be cleared", ""


def cleared(host: Host, build: Build, monitor: Monitor) -> bool:
    """Clear what a build left on the host; tell whether all is gone.

    Raises HostError when libvirt refuses, UsageError when somebody went on with it.
    """
    traces = build.traces
    if build.state not in OPEN:
        cleanup.clear(host, traces, monitor=monitor)
        return not cleanup.left(host, traces)
    gone = False
    try:
        with Journal.join(build.folder, monitor=monitor) as journal:
            journal.monitor.hide = evidence.hides(journal.checkpoint)
            cleanup.clear(host, traces, monitor=monitor)
            gone = not cleanup.left(host, traces)
            user_checks.forget(build.folder / CHECKS)
            journal.finish(state="cleared")
        evidence.write_up(journal)
    except (HostError, OSError) as error:
        if not gone:
            raise
        monitor.tell("warning", f"{traces.id} is cleared, which its record does not say: {error}")
    return gone


def _of_check(host: Host, folder: Path) -> Iterator[_Found]:
    """Yield a killed check of a template; of one that failed nothing is left but its logs."""
    traces = verifications.traces(folder)
    if not files.held(folder) and (left := cleanup.left(host, traces)):
        told = Leftover(build_id=folder.name, name="", verdict="would be cleared", left=left)
        if home := cleanup.elsewhere(host, traces):
            yield _Found(replace(told, verdict="skipped", why=f"{home} has it"))
        else:
            yield _Found(told, partial(_cleared_check, host, traces))


def _cleared_check(host: Host, traces: Traces, monitor: Monitor) -> bool:
    cleanup.clear(host, traces, monitor=monitor)
    user_checks.forget(traces.folder / CHECKS)  # its logs stay, as those of one that failed
    return not cleanup.left(host, traces)


def _of_others(host: Host, known: set[str]) -> Iterator[_Found]:
    """Yield what is of builds that have no folder here; only a domain of ours is proof enough."""
    proved, owned = set[Path](), set(known)
    for stray in strays.domains_of_others(host, known):
        told = _of_stray(stray)
        if told.verdict == "would be cleared":
            proved.update(stray.files)
            yield _Found(told, partial(_removed, host, stray))
        else:
            owned.add(stray.traces.id)
            yield _Found(told)
    why = "no build here has that id, and no domain says whose it is"
    for build_id, paths in strays.files_of_others(host, owned).items():
        if left := tuple(str(path) for path in paths if path not in proved):
            told = Leftover(build_id=build_id, name="", verdict="unclaimed", why=why, left=left)
            yield _Found(told)


def _of_stray(stray: Stray) -> Leftover:
    traces = stray.traces
    told = Leftover(
        build_id=traces.id, name=traces.name, verdict="would be cleared", left=stray.left
    )
    if stray.active:
        return replace(told, verdict="its guest runs", why=f"for {traces.home}")
    if stray.claimed:
        return replace(told, verdict="skipped", why=f"{stray.claimed} has it")
    if stray.unseen:
        why = f"{stray.unseen} is not to be seen from here, nor is the state folder that it was in"
        return replace(told, verdict="unclaimed", why=why)
    return told


def _removed(host: Host, stray: Stray, monitor: Monitor) -> bool:
    with cleanup.told(stray.traces, monitor):
        cleanup.remove(host, stray.domains, stray.files)
    there = {name for each in strays.domains_of_others(host, ()) for name in each.domains}
    return not there.intersection(stray.domains)
