"""What a pipeline would build, as far as that can be known without downloading anything."""

from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from builder import files
from builder.config import Settings
from builder.errors import BuilderError, HostError
from builder.host import pools
from builder.kickstart.library import Library
from builder.media.obtain import Folders, foreseen
from builder.model.build import BuildOrder
from builder.model.media import AtHand, Download, IsoSource
from builder.model.package import PackageChange
from builder.model.template import RepositoryState
from builder.monitor import Monitor, SilentMonitor
from builder.paths.reading import is_plain
from builder.pipeline.job import Job, Pipeline
from builder.recipes.freshness import Inputs, asked
from builder.recipes.freshness import judge as decided
from builder.recipes.inputs import rendered
from builder.recipes.order import resolve
from builder.recipes.repositories import Network
from builder.recipes.work import BuildOptions
from builder.registry.registry import Registry
from builder.rehearsal.cache import location

State = Literal["new", "changed", "unchanged", "unknown", "wrong"]

_LARGEST = 1 << 32
"""Bytes of a rehearsal ISO."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One job, and why it would be built or not."""

    name: str
    release: str
    profile: str
    medium: str
    state: State
    reason: str
    changes: tuple[PackageChange, ...] = ()
    """Packages whose new versions are the reason."""
    version: str = ""
    """Of the template that would be kept."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an order would be built, and why."""

    state: State
    reason: str
    changes: tuple[PackageChange, ...] = ()
    version: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where templates and ISOs are."""

    store: Path | None
    """None before there is one."""
    folders: Folders


def plan(
    pipeline: Pipeline, settings: Settings, library: Library, *, monitor: Monitor
) -> tuple[Planned, ...]:
    """Compare each job's inputs with those of the published templates; touch nothing.

    Package repositories that kickstarts name are asked, each once. A job that could not be built is
    "wrong", for the reason that its build would fail with.
    """
    folders = Folders(pool=_iso_pool(settings), cache=settings.cache, state=settings.state)
    place = Place(store=_store(settings, monitor), folders=folders)
    planned = partial(_plan, place=place, library=library, network=Network(), monitor=monitor)
    return tuple(map(planned, pipeline.jobs))


def _store(settings: Settings, monitor: Monitor) -> Path | None:
    """Return the store pool's folder; None before there is one."""
    try:
        return pools.folder(settings, "store_pool", monitor=monitor)
    except HostError as error:
        place = settings.store_pool_path
        there = place.is_dir()
        reads = f"Looking for templates in {place}." if there else "So nothing counts as built."
        monitor.tell("warning", f"{error.message} {reads}")
        return place if there else None


def _iso_pool(settings: Settings) -> Path:
    """Return where the ISOs are, or will be; what keeps us from it the store has told of."""
    try:
        return pools.folder(settings, "iso_pool", monitor=SilentMonitor())
    except HostError:
        return settings.iso_pool_path


def _plan(
    job: Job, *, place: Place, library: Library, network: Network, monitor: Monitor
) -> Planned:
    options = BuildOptions(rebuild=job.rebuild, max_age_days=job.max_age_days)
    try:
        order = resolve(job.request, library)
        found = judge(order, place, options=options, network=network, monitor=monitor)
    except BuilderError as error:
        found = Judged(state="wrong", reason=f"cannot be built: {error.message}")
    return Planned(
        name=job.name,
        release=job.request.release,
        profile=job.request.profile,
        medium=job.medium,
        state=found.state,
        reason=found.reason,
        changes=found.changes,
        version=found.version,
    )


def judge(
    order: BuildOrder, place: Place, *, options: BuildOptions, network: Network, monitor: Monitor
) -> Judged:
    """Return whether the order would be built, and the reason in words.

    Raises what the build would raise for a wrong order or kickstart, and for its repositories.
    """
    kickstart = rendered(order, monitor=SilentMonitor())
    registry = Registry(place.store) if place.store else None
    if registry is None or registry.newest(order.name) is None:
        return Judged(state="new", reason="never built")
    digest = order.iso.sha256 or _digest(order.iso, place.folders, monitor=monitor)
    if not digest and options.rebuild != "always":
        return Judged(state="unknown", reason=_unknown(order.iso))
    states: tuple[RepositoryState, ...] = ()
    if options.rebuild != "always":
        states = asked(
            order, kickstart, registry=registry, options=options, network=network, monitor=monitor
        )
    inputs = Inputs(order=order, kickstart=kickstart, origin_sha256=digest, repositories=states)
    found = decided(inputs, registry, options=options, network=network)
    if found.kept:
        return Judged(state="unchanged", reason=found.reason, version=found.kept.version)
    return Judged(state="changed", reason=found.reason, changes=found.changes)


def _unknown(iso: IsoSource) -> str:
    listed = isinstance(iso, Download)
    when = "whose vendor's list is read" if listed else "which is made"
    return f"depends on {iso.title}, {when} when it is built"


def _digest(iso: IsoSource, folders: Folders, *, monitor: Monitor) -> str:
    """Return the sha256 of an ISO that may have any; empty while nobody can know it."""
    if isinstance(iso, Download):
        return foreseen(iso, folders)
    if isinstance(iso, AtHand):
        return _read(iso.path, monitor) if is_plain(iso.path) else ""
    made = location(folders.cache, layout=iso.layout)
    staged = folders.pool / made.name  # the same, for its name says what went in
    if is_plain(staged) and (known := files.remembered(staged)):
        return known
    return _read(made, monitor) if is_plain(made) and made.stat().st_size < _LARGEST else ""


def _read(path: Path, monitor: Monitor) -> str:
    return files.remembered(path) or files.sha256(path, monitor=monitor)
