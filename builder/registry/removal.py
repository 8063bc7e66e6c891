"""Templates go: first out of sight, then from the disk, and never from under somebody's feet."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from builder import files
from builder.errors import HostError, UsageError
from builder.model.ledger import Ledger, Moved
from builder.model.storage import Pool
from builder.model.template import Template
from builder.record import builds
from builder.registry import channels, ledger, ledger_file, reference, registry, retention
from builder.registry.known import known
from builder.virt import pools
from builder.virt.connection import Connection
from builder.virt.usage import Use, users, uses


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Where templates are, and who may need them."""

    pool: Pool
    """The store pool."""
    connection: Connection
    artifacts: Path
    """Builds have links to their images there, which go as well."""

    @property
    def path(self) -> Path:
        """The pool's folder."""
        return self.pool.path


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
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


def delete(store: Store, words: Sequence[str], *, force: bool) -> tuple[Verdict, ...]:
    """Remove the versions that the references mean: all of them or, when one has to stay, none.

    With `force` also those that a channel points to, which is rolled back, and the newest; never
    what a disk or a domain needs. Raises UsageError, with the reasons, and HostError.
    """
    with ledger_file.locked(store.path):
        found = tuple(dict.fromkeys(_found(store, words)))
        needs = uses(store.connection)
        for template in found:
            _refuse(template, _known(store, template.name), needs=needs, force=force, store=store)
        removed = tuple(_remove(store, template) for template in found)
    pools.notice(store.connection, store.pool.name)
    return removed


def prune(store: Store, name: str, *, keep: int, dry_run: bool) -> tuple[Verdict, ...]:
    """Remove the versions that nobody needs, of one name or of all; return what became of each."""
    with ledger_file.locked(store.path):
        every = registry.templates(store.path)
        names = [name] if name else list(dict.fromkeys(each.name for each in every))
        needs = uses(store.connection)
        verdicts = tuple(
            verdict if dry_run or verdict.kept else _remove(store, template)
            for each in names
            for template, verdict in _judged(store, each, keep=keep, needs=needs)
        )
    pools.notice(store.connection, store.pool.name)
    return verdicts


def _judged(
    store: Store, name: str, *, keep: int, needs: Sequence[Use]
) -> Iterable[tuple[Template, Verdict]]:
    found = reference.named(store.path, name)
    reasons = retention.judge(
        channels.versions(found),
        _known(store, name),
        keep=keep,
        users={each.version: users(needs, each.path) for each in found},
    )
    return [(each, _verdict(each, kept=reasons[each.version])) for each in found]


def _found(store: Store, words: Sequence[str]) -> Iterable[Template]:
    for word in words:
        if "@" not in word:
            raise UsageError(f"Which version of {word}?", hint=f"{word}@VERSION, or {word}@latest.")
        yield reference.find(store.path, word, revoked=True)


def _refuse(
    template: Template, known: Ledger, *, needs: Sequence[Use], force: bool, store: Store
) -> None:
    there = channels.versions(registry.versions(store.path, template.name))
    wanted = () if force else retention.needed(template.version, known, there=there)
    used = retention.used(users(needs, template.path))
    if wanted or used:
        raise UsageError(
            f"{template.name} {template.version} stays: {'; '.join((*wanted, *used))}.",
            hint="Remove what needs it first." if used else "--force removes it all the same.",
        )


def _remove(store: Store, template: Template) -> Verdict:
    there = channels.versions(registry.versions(store.path, template.name))

    def change(old: Ledger) -> Ledger:
        return ledger.delete(old, template.version, there=there, when=channels.now())

    before, after = channels.changed(store.path, template.name, change)
    folder = builds.folder(store.artifacts, template.name, registry.manifest(template).build_id)
    try:
        template.manifest.unlink()
        files.sync(store.path)
        template.path.with_name(template.path.name + ledger_file.SIGNATURES).unlink(missing_ok=True)
        _unlink_twin(folder / template.path.name, template.path)
        template.path.unlink(missing_ok=True)
    except OSError as error:
        raise HostError(
            f"Cannot remove {error.filename}: {error.strerror}.", hint="Is the store pool writable?"
        ) from error
    moved = channels.moved(before, after, before.pointing(template.version))
    return _verdict(template, moved=moved)


def _unlink_twin(link: Path, image: Path) -> None:
    """Remove the link that a build has to its image; it would keep the space."""
    if link.exists() and link.samefile(image):
        link.unlink()


def _verdict(
    template: Template, *, kept: tuple[str, ...] = (), moved: tuple[Moved, ...] = ()
) -> Verdict:
    return Verdict(
        name=template.name,
        version=template.version,
        path=template.path,
        size=template.image.size,
        kept=kept,
        moved=moved,
    )


def _known(store: Store, name: str) -> Ledger:
    return known(store.path, registry.versions(store.path, name), name=name)
