"""What publishers and removers leave in the store pool when they are killed."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from builder import files
from builder.errors import BuilderError, HostError
from builder.record.builds import RUNNING, folder_of, load
from builder.registry.entry import Header, look
from builder.registry.ledger import Ledger
from builder.registry.registry import SIGNATURES, Registry, Stem
from builder.virt.connection import Connection
from builder.virt.usage import users, uses


class Half(NamedTuple):
    """A file that is a part of no template."""

    path: Path
    why: str = ""
    """Why it is only told; empty where it goes."""


def clear(
    registry: Registry, connection: Connection, *, builds: Path, dry_run: bool
) -> tuple[Half, ...]:
    """Remove what nobody will finish, and return it with what may be that; `dry_run` only tells.

    What goes is a version that a build claimed and did not publish, and half-written files. Other
    manifests without an image may be those of templates that are being copied, and an image whose
    version was deleted may be back from a backup: both are told. The lock is held meanwhile, so
    that nobody is between two of his steps. Images that no ledger has heard of are left alone: they
    may be the user's own; so is all of a name whose ledger cannot be read.
    """
    with registry.locked():
        found = (
            *_needless(tuple(_deleted(registry)), connection),
            *_claims(registry, builds),
            *map(Half, files.abandoned(registry.store)),
        )
        for each in () if dry_run else found:
            if not each.why:
                each.path.unlink(missing_ok=True)
    return found


def _needless(images: Sequence[Half], connection: Connection) -> Iterator[Half]:
    """Yield those that no disk and no domain needs; none where nobody can tell that."""
    if images:
        with suppress(HostError):
            needs = uses(connection)
            yield from (each for each in images if not users(needs, each.path))


def _deleted(registry: Registry) -> Iterator[Half]:
    for ledger, version in _known(registry, registry.stems(".qcow2")):
        path = registry.store / f"{ledger.name}-{version}.qcow2"
        gone = not os.path.lexists(path.with_suffix(".json"))
        if gone and version in ledger.deleted and files.own(path):
            yield Half(path, "its version was deleted: remove it, or put its manifest back as well")


def _claims(registry: Registry, builds: Path) -> Iterator[Half]:
    images = set(registry.stems(".qcow2"))
    claimed = [stem for stem in registry.stems(".json") if stem not in images]
    for ledger, version in _known(registry, claimed):
        entry = look(registry.store, ledger.name, version)
        if entry.header and version not in ledger.published:
            ours = files.own(entry.manifest) and _given_up(entry.header, builds)
            why = "" if ours else "it has no image, and no build here that failed has claimed it"
            signed = entry.path.with_name(entry.path.name + SIGNATURES)
            yield Half(entry.manifest, why)
            if files.own(signed):
                yield Half(signed, why)


def _given_up(header: Header, builds: Path) -> bool:
    """Tell whether a build of ours claimed the version, and nobody is at it any more.

    One that is done has published: its manifest is on the way from, or to, another store.
    """
    folder = folder_of(builds, header.name, header.build_id)
    build = load(folder) if folder else None
    return build is not None and not build.flaw and build.state not in (RUNNING, "done")


def _known(registry: Registry, stems: Sequence[Stem]) -> Iterator[tuple[Ledger, str]]:
    """Yield each version with its ledger; of what a ledger does not tell nothing is to go."""
    for name, group in groupby(stems, key=itemgetter(0)):
        try:
            ledger = registry.ledger(name)
        except BuilderError:
            continue
        yield from ((ledger, version) for _name, version in group)
