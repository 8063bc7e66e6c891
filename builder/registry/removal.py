"""Templates go: first out of sight, then from the disk, and never from under somebody's feet."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import msgspec

from builder import files
from builder.errors import ConfigError, HostError, UsageError
from builder.model.storage import Pool
from builder.monitor import Monitor
from builder.paths.reading import is_there
from builder.record.builds import folder_of
from builder.registry import reference, retention
from builder.registry.entry import Entry, look
from builder.registry.ledger import Moved, moved, now
from builder.registry.registry import SIGNATURES, Registry
from builder.virt import pools
from builder.virt.connection import Connection
from builder.virt.usage import Use, unseen, users, uses


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


def delete(
    store: StorePool, words: Sequence[str], *, force: bool, monitor: Monitor
) -> tuple[Removal, ...]:
    """Remove the versions that the references mean: all of them or, when one has to stay, none.

    With `force` also those that a channel points to, which is rolled back, the newest, and, with a
    warning, what images in pools that are away may need; never what a disk or a domain needs.
    Raises UsageError, with the reasons, and HostError.
    """
    with store.registry.locked():
        found = tuple(dict.fromkeys(_found(store.registry, words)))
        needs = uses(store.connection)
        perhaps = retention.perhaps(unseen(store.connection))
        for entry in found:
            _refuse(entry, store.registry, needs=needs, perhaps=perhaps, force=force)
        for why in perhaps:
            monitor.tell("warning", why)
        removed = tuple(_remove(entry, store) for entry in found)
    _notice(store, monitor)
    return removed


def prune(
    store: StorePool, name: str, *, keep: int, dry_run: bool, monitor: Monitor
) -> tuple[Removal, ...]:
    """Remove the versions that nobody needs, of one name or of all; return what became of each.

    What is damaged is neither counted nor removed: it may be put back. While a pool is away all
    stays. Raises UsageError for a name of which there is nothing, ConfigError when its ledger
    cannot be read (without a name that is a warning), and HostError.
    """
    registry = store.registry
    with registry.locked():
        names = [name] if name else sorted({name for name, _version in registry.stems(".json")})
        if name and registry.newest(name) is None:
            raise registry.unknown(name)
        needs = uses(store.connection)
        perhaps = retention.perhaps(unseen(store.connection))
        judged = list[tuple[Entry, tuple[str, ...]]]()
        for each in names:
            with _left_out(monitor) if not name else nullcontext():
                judged += _judged(each, registry, keep, needs)
        found = tuple(
            _kept(entry, why or perhaps) if why or perhaps or dry_run else _remove(entry, store)
            for entry, why in judged
        )
    _notice(store, monitor)
    return found


@contextmanager
def _left_out(monitor: Monitor) -> Iterator[None]:
    """Tell of a name whose ledger cannot be read, and go on with the others."""
    try:
        yield
    except ConfigError as error:
        monitor.tell("warning", f"Left out: {error.message}")


def _notice(store: StorePool, monitor: Monitor) -> None:
    """Let libvirt see what is gone. Where it cannot, that is no failure: they are gone."""
    try:
        pools.notice(store.connection, store.pool.name)
    except HostError as error:
        monitor.tell("warning", error.message)


def _judged(
    name: str, registry: Registry, keep: int, needs: Sequence[Use]
) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """Yield each version that is whole with why it stays."""
    every = (look(registry.store, *stem) for stem in registry.stems(".json", name))
    there = {each.version: each for each in every if not each.why}
    if there:  # else whatever is called like its ledger may be somebody's
        using = {version: users(needs, each.path) for version, each in there.items()}
        why = retention.judge(tuple(there), registry.known(name), keep=keep, users=using)
        yield from ((each, why[version]) for version, each in there.items())


def _found(registry: Registry, words: Sequence[str]) -> Iterator[Entry]:
    for word in words:
        wanted = reference.parse(word)
        if "@" not in word:
            if registry.newest(word) is None:
                raise registry.unknown(word)
            raise UsageError(f"Which version of {word}?", hint=f"{word}@VERSION, or {word}@latest.")
        yield registry.meant(wanted, registry.known(wanted.name))


def _refuse(
    entry: Entry,
    registry: Registry,
    *,
    needs: Sequence[Use],
    perhaps: tuple[str, ...],
    force: bool,
) -> None:
    ledger = registry.known(entry.name)
    there = [each.version for each in registry.entries(ledger)][::-1]
    kept = retention.needed(ledger, there=there).get(entry.version, ())
    wanted = () if force else (*kept, *perhaps)
    by = users(needs, entry.path)
    used = retention.used(by)
    if wanted or used:
        raise UsageError(
            f"{entry.name} {entry.version} stays: {'; '.join((*wanted, *used))}.",
            hint=retention.remedy(by) if used else "--force removes it all the same.",
        )
    for path in (each for each in _files(entry) if os.path.lexists(each)):
        if not stat.S_ISREG(path.lstat().st_mode) and not path.is_symlink():
            raise HostError(f"{path} is no file of ours.", hint="Move it away, then try again.")


def _files(entry: Entry) -> tuple[Path, ...]:
    """Return what a version consists of, in the order in which it goes."""
    return entry.manifest, entry.path.with_name(entry.path.name + SIGNATURES), entry.path


def _remove(entry: Entry, store: StorePool) -> Removal:
    registry, name, version = store.registry, entry.name, entry.version
    before = registry.known(name)
    after = before.delete(version, there=partial(registry.template, name), when=now())
    registry.write(after)
    size = entry.path.stat().st_size if is_there(entry.path) else 0
    manifest, signed, image = _files(entry)
    try:
        manifest.unlink(missing_ok=True)
        files.sync(registry.store)
        signed.unlink(missing_ok=True)
        if entry.header and (folder := folder_of(store.builds, name, entry.header.build_id)):
            _unlink_twin(folder / image.name, image)
        image.unlink(missing_ok=True)
    except OSError as error:
        raise HostError(
            f"Cannot remove {error.filename}: {error.strerror}.", hint="Is the store pool writable?"
        ) from error
    moves = [moved(before, after, each) for each in before.pointing(version)]
    return Removal(name=name, version=version, path=image, size=size, moved=tuple(moves))


def _unlink_twin(link: Path, image: Path) -> None:
    """Remove the link that a build has to its image; it would keep the space."""
    if is_there(link) and is_there(image) and link.samefile(image):
        link.unlink()


def _kept(entry: Entry, why: tuple[str, ...]) -> Removal:
    size = entry.image.size if entry.image else 0
    return Removal(name=entry.name, version=entry.version, path=entry.path, size=size, kept=why)
