"""What publishers and removers leave in the store pool when they are killed."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from builder.model.ledger import VERSION
from builder.model.template import Manifest
from builder.registry import ledger_file
from builder.virt.connection import Connection
from builder.virt.usage import users, uses

_STEM = re.compile(rf"(.+)-({VERSION.strip('^$')})")


def clear(store: Path, connection: Connection, *, dry_run: bool) -> tuple[Path, ...]:
    """Remove what nobody will finish, and return it; `dry_run` only tells.

    That is a version that was claimed and not published, the image of one whose removal was begun
    and that no disk and no domain needs, and half-written files. The lock is held meanwhile, so
    that nobody is between two of his steps. Images that no ledger has heard of are left alone: they
    may be the user's own.
    """
    with ledger_file.locked(store):
        images = tuple(_removed(store))
        needs = uses(connection) if images else ()
        found = (
            *(path for path in images if not users(needs, path)),
            *_claims(store),
            *sorted(store.glob("..*.candidate.json")),
            *ledger_file.drafts(store),
        )
        for path in () if dry_run else found:
            path.unlink(missing_ok=True)
    return found


def _removed(store: Path) -> Iterator[Path]:
    for path, name, version in _named(store.glob("*-*.qcow2")):
        gone = not path.with_suffix(".json").exists()
        if gone and version in ledger_file.read(store, name).deleted:
            yield path
            if (signatures := path.with_name(path.name + ledger_file.SIGNATURES)).exists():
                yield signatures


def _claims(store: Path) -> Iterator[Path]:
    for path, name, version in _named(store.glob("*-*.json")):
        if path.with_suffix(".qcow2").exists() or not _is_manifest(path, name, version):
            continue
        if version not in ledger_file.read(store, name).published:
            yield path


def _is_manifest(path: Path, name: str, version: str) -> bool:
    try:
        record = Manifest.parse(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return False
    return (record.name, record.version) == (name, version)


def _named(paths: Iterable[Path]) -> Iterator[tuple[Path, str, str]]:
    for path in sorted(paths):
        if match := _STEM.fullmatch(path.stem):
            yield path, match[1], match[2]
