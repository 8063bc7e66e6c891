"""What publishers and removers leave in the store pool when they are killed."""

import os
import stat
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from builder.errors import BuilderError
from builder.registry.entry import look
from builder.registry.ledger import Ledger
from builder.registry.registry import LEDGER, SIGNATURES, Registry, Stem
from builder.virt.connection import Connection
from builder.virt.usage import users, uses


def clear(registry: Registry, connection: Connection, *, dry_run: bool) -> tuple[Path, ...]:
    """Remove what nobody will finish, and return it; `dry_run` only tells.

    That is a version that was claimed and not published, the image of one whose removal was begun
    and that no disk and no domain needs, and half-written files. The lock is held meanwhile, so
    that nobody is between two of his steps. Images that no ledger has heard of are left alone: they
    may be the user's own; so is all of a name whose ledger cannot be read.
    """
    with registry.locked():
        images = tuple(_removed(registry))
        needs = uses(connection) if images else ()
        found = (
            *(path for path in images if not users(needs, path)),
            *_claims(registry),
            *drafts(registry),
        )
        for path in () if dry_run else found:
            path.unlink(missing_ok=True)
    return found


def drafts(registry: Registry) -> tuple[Path, ...]:
    """Return manifests, ledgers and signatures that are half written.

    With the lock held, nobody is at them.
    """
    names = ("..*.candidate.json", f".*{LEDGER}.*.part", f".*{SIGNATURES}.*.part")
    return tuple(path for each in names for path in _plain(*sorted(registry.store.glob(each))))


def _removed(registry: Registry) -> Iterator[Path]:
    for ledger, version in _known(registry, registry.stems(".qcow2")):
        path = registry.store / f"{ledger.name}-{version}.qcow2"
        gone = not os.path.lexists(path.with_suffix(".json"))
        if gone and version in ledger.deleted:
            yield from _plain(path, path.with_name(path.name + SIGNATURES))


def _claims(registry: Registry) -> Iterator[Path]:
    images = set(registry.stems(".qcow2"))
    claimed = [stem for stem in registry.stems(".json") if stem not in images]
    for ledger, version in _known(registry, claimed):
        entry = look(registry.store, ledger.name, version)
        if entry.header and version not in ledger.published:
            signatures = entry.path.with_name(entry.path.name + SIGNATURES)
            yield from _plain(entry.manifest, signatures)


def _known(registry: Registry, stems: Sequence[Stem]) -> Iterator[tuple[Ledger, str]]:
    """Yield each version with its ledger; of what a ledger does not tell nothing is to go."""
    for name, group in groupby(stems, key=itemgetter(0)):
        try:
            ledger = registry.ledger(name)
        except BuilderError:
            continue
        yield from ((ledger, version) for _name, version in group)


def _plain(*paths: Path) -> Iterator[Path]:
    """Yield those that are there; what is no plain file is none of ours, whatever its name."""
    return (path for path in paths if os.path.lexists(path) and stat.S_ISREG(path.lstat().st_mode))
