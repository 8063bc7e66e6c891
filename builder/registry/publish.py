"""Give a verified image its name and version in the store pool."""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date
from itertools import count
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import HostError
from builder.model.template import ImageFacts, Manifest, Template
from builder.registry.header import Header
from builder.registry.ledger import now, order
from builder.registry.registry import Registry


def publish(candidate: Path, manifest: Manifest, facts: ImageFacts, *, today: date) -> Template:
    """Move `candidate` to NAME-YYYYMMDD.N.qcow2 beside it, with its manifest; N is the next free.

    The channel `candidate` then points to it. A build that was killed on the way gets the version
    that it had claimed, and ends with the same ledger. The manifest claims the version, by a link
    that fails if the name is taken; the image's rename then makes the template visible.
    Raises HostError when the pool refuses, ConfigError when the ledger cannot be read, before
    anything was claimed.
    """
    registry = Registry(candidate.parent)
    manifest = replace(manifest, image=facts)
    with registry.locked():
        ledger = registry.known(manifest.name)
        record = _visible(registry, candidate, manifest, _next(ledger.published, today))
        registry.write(ledger.publish(record.version, when=now()))
    return registry.place(record, facts)


def _visible(
    registry: Registry, candidate: Path, manifest: Manifest, versions: Iterator[str]
) -> Header | Manifest:
    draft = candidate.with_name(f".{candidate.name}.json")
    try:
        record = _claimed(registry, manifest) or _claim(draft, manifest, versions)
        image = candidate.with_name(f"{record.name}-{record.version}.qcow2")
        if candidate.exists() or not image.exists():
            _move(candidate, image)
    except OSError as error:
        raise HostError(
            f"Cannot publish into {registry.store}: {error.strerror}.",
            hint="Is the store pool writable?",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return record


def _claimed(registry: Registry, manifest: Manifest) -> Header | None:
    """Return what this build claimed before it was killed, if that is so."""
    stems = (stem for stem in registry.stems(".json") if stem[0] == manifest.name)
    found = (each for each in registry.headers(stems) if each.build_id == manifest.build_id)
    return next(found, None)


def _move(candidate: Path, image: Path) -> None:
    try:
        candidate.rename(image)
    except OSError:
        image.with_suffix(".json").unlink()  # nobody else's: the claim made it ours
        raise
    files.sync(image.parent)


def _claim(draft: Path, manifest: Manifest, versions: Iterator[str]) -> Manifest:
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
