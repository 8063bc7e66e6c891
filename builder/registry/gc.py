"""What publishers and removers leave in the store pool when they are killed."""

from collections.abc import Iterator
from pathlib import Path

from builder.registry.registry import LEDGER, SIGNATURES, Registry
from builder.virt.connection import Connection
from builder.virt.usage import users, uses


def clear(registry: Registry, connection: Connection, *, dry_run: bool) -> tuple[Path, ...]:
    """Remove what nobody will finish, and return it; `dry_run` only tells.

    That is a version that was claimed and not published, the image of one whose removal was begun
    and that no disk and no domain needs, and half-written files. The lock is held meanwhile, so
    that nobody is between two of his steps. Images that no ledger has heard of are left alone: they
    may be the user's own.
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
    return tuple(path for each in names for path in sorted(registry.store.glob(each)))


def _removed(registry: Registry) -> Iterator[Path]:
    for name, version in registry.stems(".qcow2"):
        path = registry.store / f"{name}-{version}.qcow2"
        gone = not path.with_suffix(".json").exists()
        if gone and version in registry.ledger(name).deleted:
            yield path
            if (signatures := path.with_name(path.name + SIGNATURES)).exists():
                yield signatures


def _claims(registry: Registry) -> Iterator[Path]:
    images = set(registry.stems(".qcow2"))
    claimed = (stem for stem in registry.stems(".json") if stem not in images)
    for each in registry.headers(claimed):
        if each.version not in registry.ledger(each.name).published:
            path = registry.store / f"{each.name}-{each.version}.json"
            yield path
            if (signed := path.with_suffix(f".qcow2{SIGNATURES}")).exists():
                yield signed
