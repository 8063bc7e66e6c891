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
from builder.monitor import Monitor, SilentMonitor
from builder.paths.reading import is_plain
from builder.pipeline.job import Job, Pipeline
from builder.recipes.inputs import rendered
from builder.recipes.order import resolve
from builder.registry.manifest import build_key
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


def plan(
    pipeline: Pipeline, settings: Settings, library: Library, *, monitor: Monitor
) -> tuple[Planned, ...]:
    """Compare each job's build key with those of the published templates; touch nothing.

    A job that could not be built is "wrong", for the reason that its build would fail with.
    """
    store = _store(settings, monitor)
    folders = Folders(pool=_iso_pool(settings), cache=settings.cache, state=settings.state)
    planned = partial(_plan, store=store, folders=folders, library=library, monitor=monitor)
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
    job: Job, *, store: Path | None, folders: Folders, library: Library, monitor: Monitor
) -> Planned:
    try:
        order = resolve(job.request, library)
        state, reason = judge(order, store=store, folders=folders, monitor=monitor)
    except BuilderError as error:
        state, reason = "wrong", f"cannot be built: {error.message}"
    return Planned(
        name=job.name,
        release=job.request.release,
        profile=job.request.profile,
        medium=job.medium,
        state=state,
        reason=reason,
    )


def judge(
    order: BuildOrder, *, store: Path | None, folders: Folders, monitor: Monitor
) -> tuple[State, str]:
    """Return whether the order would be built, and the reason in words.

    Raises what the build would raise for a wrong order or kickstart.
    """
    kickstart = rendered(order, monitor=SilentMonitor())
    registry = Registry(store) if store else None
    newest = registry.newest(order.name) if registry else None
    if registry is None or newest is None:
        return "new", "never built"
    digest = order.iso.sha256 or _digest(order.iso, folders, monitor=monitor)
    if not digest:
        listed = isinstance(order.iso, Download)
        when = "whose vendor's list is read" if listed else "which is made"
        return "unknown", f"depends on {order.iso.title}, {when} when it is built"
    key = build_key(order, kickstart, origin_sha256=digest)
    if kept := registry.unchanged(order.name, key=key):
        return "unchanged", f"unchanged since {kept.version}"
    if newest.why:
        return "changed", f"{newest.version} cannot be used: {newest.why}"
    if newest.version in registry.ledger(order.name).revoked:
        return "changed", f"{newest.version} is revoked"
    return "changed", f"changed since {newest.version}"


def _digest(iso: IsoSource, folders: Folders, *, monitor: Monitor) -> str:
    """Return the sha256 of an ISO that may have any; empty while nobody can know it."""
    if isinstance(iso, Download):
        return foreseen(iso, folders)
    path = iso.path if isinstance(iso, AtHand) else location(folders.cache, layout=iso.layout)
    known = is_plain(path) and (isinstance(iso, AtHand) or path.stat().st_size < _LARGEST)
    return files.remembered(path) or files.sha256(path, monitor=monitor) if known else ""
