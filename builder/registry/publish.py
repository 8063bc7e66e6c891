"""Give a verified image its name and version in the store pool."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import date
from itertools import count
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import explained
from builder.model.template import ImageFacts, Manifest, Template
from builder.registry.header import Header
from builder.registry.ledger import now, order
from builder.registry.registry import Registry, signatures

Seal = Callable[[Template], object]


def publish(
    candidate: Path, manifest: Manifest, facts: ImageFacts, *, today: date, seal: Seal | None = None
) -> Template:
    """Move `candidate` to NAME-YYYYMMDD.N.qcow2 beside it, with its manifest; N is the next free.

    The channel `candidate` then points to it. A build that was killed on the way gets the version
    that it had claimed, and ends with the same ledger. The manifest claims the version, by a link
    that fails if the name is taken; the image's rename then makes the template visible. In between
    `seal` is called, with the lock held: who signs there lets nobody see an unsigned template.
    Raises HostError when the pool refuses, ConfigError when the ledger cannot be read, before
    anything was claimed, and what `seal` raises.
    """
    registry = Registry(candidate.parent)
    manifest = replace(manifest, image=facts)
    with registry.locked():
        ledger = registry.known(manifest.name)
        record = _recorded(registry, candidate, manifest, _next(ledger.published, today))
        template = registry.place(record, facts)
        _show(candidate, template, seal)
        registry.write(ledger.publish(record.version, when=now()))
    return template


def _recorded(
    registry: Registry, candidate: Path, manifest: Manifest, versions: Iterator[str]
) -> Header | Manifest:
    """Return the record under the name that it has claimed."""
    draft = candidate.with_name(f".{candidate.name}.json")
    try:
        with _publishing(registry.store):
            return _claimed(registry, manifest) or _claim(draft, manifest, versions)
    finally:
        draft.unlink(missing_ok=True)


def _show(candidate: Path, template: Template, seal: Seal | None) -> None:
    """Make the template visible, sealed; when that fails, its name is free again."""
    try:
        if seal:
            seal(template)
        if candidate.exists() or not template.path.exists():
            with _publishing(candidate.parent):
                candidate.rename(template.path)
    except BaseException:
        if not template.path.exists():
            signatures(template).unlink(missing_ok=True)
            template.manifest.unlink(missing_ok=True)  # nobody else's: the claim made it ours
        raise
    with _publishing(candidate.parent):
        files.sync(candidate.parent)


def _publishing(store: Path) -> AbstractContextManager[None]:
    return explained(f"Cannot publish into {store}", hint="Is the store pool writable?")


def _claimed(registry: Registry, manifest: Manifest) -> Header | None:
    """Return what this build claimed before it was killed, if that is so."""
    stems = (stem for stem in registry.stems(".json") if stem[0] == manifest.name)
    found = (each for each in registry.headers(stems) if each.build_id == manifest.build_id)
    return next(found, None)


def _claim(draft: Path, manifest: Manifest, versions: Iterator[str]) -> Manifest:
    draft.touch(mode=0o600)  # scripts of the kickstart may hold what opens something
    while True:
        versioned = replace(manifest, version=next(versions))
        path = draft.with_name(f"{versioned.name}-{versioned.version}.json")
        # An image that lost its manifest may still be what clones are made of.
        if path.with_suffix(".qcow2").exists():
            continue
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(versioned), indent=2) + b"\n")
        files.sync(draft)
        with suppress(FileExistsError):
            os.link(draft, path)
            return versioned


def _next(taken: Collection[str], today: date) -> Iterator[str]:
    """Yield the day's next versions, after all that were ever taken, deleted ones as well."""
    known = (order(version) for version in taken)
    last = max((number for day, number in known if day == int(f"{today:%Y%m%d}")), default=0)
    return (f"{today:%Y%m%d}.{number}" for number in count(last + 1))
