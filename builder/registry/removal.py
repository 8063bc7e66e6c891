"""Templates go: first out of sight, then from the disk, and never from under somebody's feet."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import msgspec

from builder import files
from builder.errors import HostError, UsageError
from builder.model.storage import Pool
from builder.model.template import Template
from builder.record.builds import folder_of
from builder.registry import retention
from builder.registry.ledger import Moved, moved, now
from builder.registry.registry import Registry, signatures
from builder.virt import pools
from builder.virt.connection import Connection
from builder.virt.usage import Use, users, uses


class StorePool(msgspec.Struct, frozen=True, kw_only=True):
    """Where templates are, and who may need them."""

    pool: Pool
    connection: Connection
    builds: Path
    """Builds have links to their images there, which go as well."""

    @property
    def registry(self) -> Registry:
        """The templates in it."""
        return Registry(self.pool.path)


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a version, or would become of it."""

    name: str
    version: str
    path: Path
    size: int
    """Of the image file, in bytes."""
    kept: tuple[str, ...] = ()
    """Why; empty when it goes."""
    moved: tuple[Moved, ...] = ()
    """Channels that were rolled back because of it."""


def delete(store: StorePool, words: Sequence[str], *, force: bool) -> tuple[Removal, ...]:
    """Remove the versions that the references mean: all of them or, when one has to stay, none.

    With `force` also those that a channel points to, which is rolled back, and the newest; never
    what a disk or a domain needs. Raises UsageError, with the reasons, and HostError.
    """
    with store.registry.locked():
        found = tuple(dict.fromkeys(_found(store.registry, words)))
        needs = uses(store.connection)
        for template in found:
            _refuse(template, store.registry, needs=needs, force=force)
        removed = tuple(_remove(template, store) for template in found)
    pools.notice(store.connection, store.pool.name)
    return removed


def prune(store: StorePool, name: str, *, keep: int, dry_run: bool) -> tuple[Removal, ...]:
    """Remove the versions that nobody needs, of one name or of all; return what became of each."""
    registry = store.registry
    with registry.locked():
        every = registry.named(name) if name else registry.templates()
        needs = uses(store.connection)
        judged = tuple(_judged(every, registry, keep=keep, needs=needs))
        found = tuple(
            _removal(each, kept=why) if why or dry_run else _remove(each, store)
            for each, why in judged
        )
    pools.notice(store.connection, store.pool.name)
    return found


def _judged(
    templates: Sequence[Template], registry: Registry, *, keep: int, needs: Sequence[Use]
) -> Iterator[tuple[Template, tuple[str, ...]]]:
    """Yield each template with why it stays."""
    for name, group in groupby(templates, key=lambda each: each.name):
        there = {each.version: each for each in group}
        using = {version: users(needs, each.path) for version, each in there.items()}
        why = retention.judge(tuple(there), registry.known(name), keep=keep, users=using)
        yield from ((each, why[version]) for version, each in there.items())


def _found(registry: Registry, words: Sequence[str]) -> Iterator[Template]:
    for word in words:
        if "@" not in word:
            raise UsageError(f"Which version of {word}?", hint=f"{word}@VERSION, or {word}@latest.")
        yield registry.find(word, revoked=True)


def _refuse(template: Template, registry: Registry, *, needs: Sequence[Use], force: bool) -> None:
    there = [each.version for each in registry.versions(template.name)]
    ledger = registry.known(template.name)
    wanted = () if force else retention.needed(template.version, ledger, there=there)
    used = retention.used(users(needs, template.path))
    if wanted or used:
        raise UsageError(
            f"{template.name} {template.version} stays: {'; '.join((*wanted, *used))}.",
            hint="Remove what needs it first." if used else "--force removes it all the same.",
        )


def _remove(template: Template, store: StorePool) -> Removal:
    registry, name, version = store.registry, template.name, template.version
    before = registry.known(name)
    after = before.delete(version, there=partial(registry.template, name), when=now())
    # Not the whole manifest, which may be damaged: such a version can be removed as well.
    [header] = registry.headers([(name, version)])
    folder = folder_of(store.builds, name, header.build_id)
    registry.write(after)
    try:
        template.manifest.unlink()
        files.sync(registry.store)
        signatures(template).unlink(missing_ok=True)
        if folder:
            _unlink_twin(folder / template.path.name, template.path)
        template.path.unlink(missing_ok=True)
    except OSError as error:
        raise HostError(
            f"Cannot remove {error.filename}: {error.strerror}.", hint="Is the store pool writable?"
        ) from error
    return _removal(
        template, moves=[moved(before, after, each) for each in before.pointing(version)]
    )


def _unlink_twin(link: Path, image: Path) -> None:
    """Remove the link that a build has to its image; it would keep the space."""
    if link.exists() and link.samefile(image):
        link.unlink()


def _removal(
    template: Template, *, kept: Sequence[str] = (), moves: Sequence[Moved] = ()
) -> Removal:
    return Removal(
        name=template.name,
        version=template.version,
        path=template.path,
        size=template.image.size,
        kept=tuple(kept),
        moved=tuple(moves),
    )
