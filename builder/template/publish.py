"""Give a verified image its name and version in the store pool."""

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

from builder.errors import HostError
from builder.model.template import ImageFacts, Manifest, Template


def publish(candidate: Path, manifest: Manifest, facts: ImageFacts, *, today: date) -> Template:
    """Move `candidate` to NAME-YYYYMMDD.N.qcow2 beside it, with its manifest; N is the next free.

    A build that was killed on the way gets the version that it had claimed.
    The manifest claims the version, by a link that fails if the name is taken, so that two
    publishers never get the same; the image's rename then makes the template visible.
    """
    store = candidate.parent
    manifest = msgspec.structs.replace(manifest, image=facts)
    draft = store / f".{candidate.name}.json"
    try:
        versioned = _claimed(manifest, store) or _claim(draft, manifest, store=store, today=today)
        image = store / f"{versioned.name}-{versioned.version}.qcow2"
        if candidate.exists() or not image.exists():
            _move(candidate, image)
    except OSError as error:
        raise HostError(
            f"Cannot publish into {store}: {error.strerror}.", hint="Is the store pool writable?"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return Template(
        name=versioned.name,
        version=versioned.version,
        path=image,
        image=facts,
        manifest=image.with_suffix(".json"),
    )


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
    _flush_folder(image.parent)


def _claim(draft: Path, manifest: Manifest, *, store: Path, today: date) -> Manifest:
    number = 0
    while True:
        number += 1
        version = f"{today:%Y%m%d}.{number}"
        stem = f"{manifest.name}-{version}"
        # An image that lost its manifest may still be what clones are made of.
        if (store / f"{stem}.qcow2").exists():
            continue
        versioned = msgspec.structs.replace(manifest, version=version)
        _write(draft, versioned)
        with suppress(FileExistsError):
            os.link(draft, store / f"{stem}.json")
            return versioned


def _write(path: Path, manifest: Manifest) -> None:
    with path.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
