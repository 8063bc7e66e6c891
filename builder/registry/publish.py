"""Give a verified image its name and version in the store pool."""

import os
from collections.abc import Collection
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

from builder import files
from builder.errors import HostError
from builder.model.template import ImageFacts, Manifest, Template
from builder.registry import channels, ledger, ledger_file, registry
from builder.registry.known import known


def publish(candidate: Path, manifest: Manifest, facts: ImageFacts, *, today: date) -> Template:
    """Move `candidate` to NAME-YYYYMMDD.N.qcow2 beside it, with its manifest; N is the next free.

    The channel `candidate` then points to it. A build that was killed on the way gets the version
    that it had claimed, and ends with the same ledger. The manifest claims the version, by a link
    that fails if the name is taken; the image's rename then makes the template visible.
    Raises HostError when the pool refuses, ConfigError when the ledger cannot be read, before
    anything was claimed.
    """
    store = candidate.parent
    manifest = msgspec.structs.replace(manifest, image=facts)
    with ledger_file.locked(store):
        old = known(store, registry.versions(store, manifest.name), name=manifest.name)
        versioned = _visible(candidate, manifest, taken=old.published, today=today)
        new = ledger.publish(old, versioned.version, when=channels.now())
        ledger_file.write(store, new)
    image = store / f"{versioned.name}-{versioned.version}.qcow2"
    return Template(
        name=versioned.name,
        version=versioned.version,
        path=image,
        image=facts,
        manifest=image.with_suffix(".json"),
        created=versioned.created,
    )


def _visible(
    candidate: Path, manifest: Manifest, *, taken: Collection[str], today: date
) -> Manifest:
    store = candidate.parent
    draft = store / f".{candidate.name}.json"
    try:
        versioned = _claimed(manifest, store) or _claim(draft, manifest, taken=taken, today=today)
        image = store / f"{versioned.name}-{versioned.version}.qcow2"
        if candidate.exists() or not image.exists():
            _move(candidate, image)
    except OSError as error:
        raise HostError(
            f"Cannot publish into {store}: {error.strerror}.", hint="Is the store pool writable?"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return versioned


def _claimed(manifest: Manifest, store: Path) -> Manifest | None:
    """Return what this build claimed before it was killed, if that is so."""
    for path in store.glob(f"{manifest.name}-*.json"):
        with suppress(OSError, msgspec.DecodeError):
            known = Manifest.parse(path.read_bytes())
            if known.build_id == manifest.build_id:
                return known
    return None


def _move(candidate: Path, image: Path) -> None:
    try:
        candidate.rename(image)
    except OSError:
        image.with_suffix(".json").unlink()  # nobody else's: the claim made it ours
        raise
    files.sync(image.parent)


def _claim(draft: Path, manifest: Manifest, *, taken: Collection[str], today: date) -> Manifest:
    number = _last(taken, today)
    while True:
        number += 1
        version = f"{today:%Y%m%d}.{number}"
        stem = f"{manifest.name}-{version}"
        # An image that lost its manifest may still be what clones are made of.
        if (draft.parent / f"{stem}.qcow2").exists():
            continue
        versioned = msgspec.structs.replace(manifest, version=version)
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(versioned), indent=2) + b"\n")
        files.sync(draft)
        with suppress(FileExistsError):
            os.link(draft, draft.parent / f"{stem}.json")
            return versioned


def _last(taken: Collection[str], today: date) -> int:
    """Return the day's last number, so that a version that was deleted is not given again."""
    known = (ledger.order(version) for version in taken)
    return max((number for day, number in known if day == int(f"{today:%Y%m%d}")), default=0)
