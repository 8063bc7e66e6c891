"""Give a verified image its name and version in the store pool."""

import errno
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import date
from itertools import count
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import TemplateError
from builder.model.template import ImageFacts, Manifest, Template
from builder.registry.entry import Header, look
from builder.registry.ledger import VERSION, now, order
from builder.registry.registry import Registry, signatures

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
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
        template = _placed(registry.store, record, facts)
        _show(candidate, template, seal)
        registry.write(ledger.publish(record.version, when=now()))
    return template


def clock_warning(version: str, today: date) -> str:
    """Return what to say of a version that was published today; empty when all is well."""
    if version[:8] <= f"{today:%Y%m%d}":
        return ""
    return f"{version} follows a version of a day to come: was the clock ahead, or is it behind?"


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
    what = f"Cannot publish into {store}"
    return files.writing(store, what=what, hint="Is the store pool writable?")


def _claimed(registry: Registry, manifest: Manifest) -> Header | None:
    """Return what this build claimed before it was killed, if that is so."""
    stems = registry.stems(".json", manifest.name)
    headers = (each for stem in stems if (each := look(registry.store, *stem).header))
    return next((each for each in headers if each.build_id == manifest.build_id), None)


def _claim(draft: Path, manifest: Manifest, versions: Iterator[str]) -> Manifest:
    files.fresh(draft)  # scripts of the kickstart may hold what opens something
    while True:
        versioned = replace(manifest, version=next(versions))
        path = draft.with_name(f"{versioned.name}-{versioned.version}.json")
        # An image that lost its manifest may still be what clones are made of.
        if path.with_suffix(".qcow2").exists():
            continue
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(versioned), indent=2) + b"\n")
        files.sync(draft)
        with suppress(FileExistsError):
            _give(draft, path)
            return versioned


def _give(draft: Path, path: Path) -> None:
    """Give the draft a name that nobody has. Raises FileExistsError when somebody has it."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError as error:
        # CIFS, exFAT, some FUSE and NFS: there the name is taken first, and then replaced.
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        draft.replace(path)


def _placed(store: Path, record: Header | Manifest, image: ImageFacts) -> Template:
    path = store / f"{record.name}-{record.version}.qcow2"
    return Template(
        name=record.name,
        version=record.version,
        path=path,
        image=image,
        manifest=path.with_suffix(".json"),
        created=record.created,
    )


def _next(taken: Collection[str], today: date) -> Iterator[str]:
    """Yield the next versions of the day, after all that were ever taken, deleted ones as well.

    A clock that was ahead once has taken days to come: then we number on from there, or what is
    new would be older than that. Raises TemplateError where no number is left after those.
    """
    day, last = max(map(order, taken), default=(0, 0))
    now = int(f"{today:%Y%m%d}")
    first = last + 1 if day >= now else 1
    versions = (f"{max(day, now):08}.{number}" for number in count(first))
    for version in versions:
        if not re.fullmatch(VERSION, version):
            raise TemplateError(
                f"No version can follow {day:08}.{last}.",
                hint="Was that written by hand? Mend NAME.channels.json in the store.",
            )
        yield version
