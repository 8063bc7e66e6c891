"""What there is, for people who choose."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.model.template import ImageFacts, Manifest, Template
from builder.model.text import ended, moment
from builder.monitor import Monitor
from builder.registry import reference
from builder.registry.entry import Entry, look
from builder.registry.ledger import Change, Ledger
from builder.registry.registry import Registry, manifest

_AHEAD = 60
"""Seconds that another host's clock may be before ours."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A version, with what its ledger says of it."""

    name: str
    version: str
    channels: tuple[str, ...]
    """Those that point to it."""
    revoked: str
    """Why, if it is."""
    damaged: str
    """What is wrong with its files, if anything is."""
    unreadable: bool
    """Whether `damaged` is only that we may not read them."""
    created: str
    """When its build began."""
    finished: str
    """When it was published; empty when its manifest does not say."""
    path: Path
    image: ImageFacts | None
    """None when its manifest does not say."""
    manifest: Path


def statuses(registry: Registry, name: str = "", *, monitor: Monitor) -> tuple[Status, ...]:
    """Return every version, or those of one name, by name, oldest first.

    Raises UsageError for a name that nobody knows, ConfigError when its ledger cannot be read.
    Among all names such a ledger is a warning. So is what is called like a manifest and is none.
    """
    shelves = registry.shelves()
    if not name:
        found = (_listed(registry, each, shelves[each], monitor) for each in shelves)
        return tuple(status for statuses in found for status in statuses)
    shelf = shelves.get(name, [])
    listed = _statuses(registry, registry.known(name, shelf), shelf, monitor)
    if not listed:
        raise registry.unknown(name)
    return listed


def described(
    registry: Registry, word: str, *, monitor: Monitor
) -> tuple[Status, Manifest | None, tuple[Change, ...]]:
    """Return all that is known of the version that a reference means, be it damaged; see `look_at`.

    The history is that of the name. Raises UsageError, ConfigError and TemplateError.
    """
    wanted = reference.parse(word)
    ledger = registry.known(wanted.name)
    entry = registry.meant(wanted, ledger)
    record = manifest(entry) if entry.header else None
    _warn(entry, ledger, monitor)
    return _status(entry, ledger), record, ledger.history


def look_at(registry: Registry, word: str, *, monitor: Monitor) -> Template:
    """Return the template that a reference means, only to look at it: if it is revoked, warn.

    Raises UsageError, TemplateError for one that is damaged, and ConfigError.
    """
    wanted = reference.parse(word)
    ledger = registry.known(wanted.name)
    template = registry.meant(wanted, ledger).template()
    _warn(template, ledger, monitor)
    return template


def _warn(version: Entry | Template, ledger: Ledger, monitor: Monitor) -> None:
    if why := ledger.revoked.get(version.version):
        monitor.tell("warning", f"{version.name} {version.version} is revoked: {ended(why)}")


def _listed(
    registry: Registry, name: str, shelf: Sequence[str], monitor: Monitor
) -> tuple[Status, ...]:
    try:
        ledger = registry.known(name, shelf)
    except BuilderError as error:
        monitor.tell("warning", error.message)
        found = _statuses(registry, Ledger(name=name), shelf, monitor)
        return tuple(replace(each, damaged="its ledger cannot be read") for each in found)
    return _statuses(registry, ledger, shelf, monitor)


def _statuses(
    registry: Registry, ledger: Ledger, shelf: Sequence[str], monitor: Monitor
) -> tuple[Status, ...]:
    found = {each.version: each for each in registry.entries(ledger, shelf)}
    for version in (each for each in shelf if each not in found):
        stranger = look(registry.store, ledger.name, version)
        # With a header it is somebody's who publishes right now, and without a file somebody's who
        # removes it.
        if stranger.header is None and os.path.lexists(stranger.manifest):
            monitor.tell("warning", f"Not a template: {stranger.why}.")
    return tuple(_status(each, ledger) for each in reversed(found.values()))


def _status(entry: Entry, ledger: Ledger) -> Status:
    return Status(
        name=entry.name,
        version=entry.version,
        channels=ledger.pointing(entry.version),
        revoked=ledger.revoked.get(entry.version, ""),
        damaged=entry.why,
        unreadable=entry.unreadable,
        created=entry.header.created if entry.header else "",
        finished=entry.header.finished if entry.header else "",
        path=entry.path,
        image=entry.image,
        manifest=entry.manifest,
    )


def age(created: str, *, now: datetime | None = None) -> str:
    """Return how old something is, in whole minutes, hours or days.

    Empty when nobody knows: there is no time, or one to come, but for what clocks differ by.
    """
    try:
        seconds = ((now or datetime.now(UTC)) - moment(created)).total_seconds()
    except ValueError:
        return ""
    if seconds < -_AHEAD:
        return ""
    for count, unit in ((86400, "d"), (3600, "h")):
        if seconds >= 2 * count:
            return f"{seconds // count:.0f} {unit}"
    return f"{max(seconds, 0) // 60:.0f} min"
