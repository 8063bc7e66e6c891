"""Directory pools."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import libvirt

from builder.errors import HostError, explained
from builder.model.storage import Pool
from builder.virt import scanning, xml
from builder.virt.connection import Connection, LostError, persistent, translated, unless

_UNREADABLE = re.compile(r"cannot [a-z ]+'(/.+)': (.+)")
"""What libvirt says of a pool in which one image is cut off."""
_BUSY = "asynchronous jobs running"
_BUSY_SECONDS = 600
"""The last resort: a job of others ends, but on a busy host it may take its time."""

STOPPED = "`builder pool init` starts it, or says why not."
"""What to do about a pool that is not active, unless it is another's."""

T = TypeVar("T")


@persistent
def ensure(connection: Connection, name: str, *, path: Path) -> Pool:
    """Return the pool, defined, started and set to autostart; if it is new, at the folder `path`.

    A pool of that name that exists already is used where it is.
    """
    with translated(f"Cannot set up the pool {name} at {path}", hint="Is the folder writable?"):
        define = partial(connection.handle.storagePoolDefineXML, xml.pool_xml(name, path), 0)
        unless(lambda: exists(connection, name), define)
        pool = handle(connection, name)
        unless(pool.isActive, partial(_start, pool))
        unless(pool.autostart, partial(pool.setAutostart, 1))
        refresh(pool)
        return _value(pool)


@persistent
def start(connection: Connection, name: str) -> Pool:
    """Return the pool, started. Raises HostError when that cannot be, or its folder is away."""
    hint = "Is its disk there, and readable?"
    with at_work(connection, name, f"Cannot start the pool {name}", hint=hint):
        pool = handle(connection, name)
        unless(pool.isActive, partial(_start, pool))
        started = _value(pool)
    if not connection.remote:
        refuse_away(started.path, name)
    return started


@persistent
def notice(connection: Connection, name: str) -> None:
    """Let libvirt find what was put into the pool's folder. Raises HostError."""
    with at_work(connection, name, f"Cannot list the pool {name}"):
        refresh(handle(connection, name))


@contextmanager
def at_work(connection: Connection, name: str, what: str, *, hint: str = STOPPED) -> Iterator[None]:
    """Raise HostError(`what`: why) for a libvirt failure in the block, which works with the pool.

    Where the pool's folder is away, that is why.
    """
    try:
        with translated(what, hint=hint):
            yield
    except LostError:
        raise
    except HostError:
        folders = () if connection.remote else every(connection, _place)
        for folder in (folder for known, folder in folders if folder and known == name):
            refuse_away(folder, name)
        raise


def _place(pool: libvirt.virStoragePool) -> tuple[str, Path | None]:
    return pool.name(), xml.pool_path(pool.XMLDesc(0))


def refuse_away(folder: Path, pool: str) -> None:
    """Raise HostError when a pool's folder is not there: its disk may not be mounted."""
    with explained(f"Cannot look at {folder}, the folder of the pool {pool}"):
        if not folder.exists():
            raise HostError(
                f"The folder of the pool {pool}, {folder}, is away.",
                hint="Is its disk mounted? `builder pool init` makes an empty one.",
            )


def exists(connection: Connection, name: str) -> bool:
    """Tell whether libvirt knows a pool of that name."""
    return _find(connection, name) is not None


@persistent
def get(connection: Connection, name: str) -> Pool:
    """Return the pool. Raises HostError when it does not exist."""
    with translated(f"Cannot look up the pool {name}"):
        return _value(handle(connection, name))


def all_pools(connection: Connection) -> tuple[Pool, ...]:
    """Return every directory pool, by name."""
    found = every(connection, lambda pool: _value(pool) if xml.pool_path(pool.XMLDesc(0)) else None)
    return tuple(sorted(filter(None, found), key=lambda pool: pool.name))


@persistent
def every(connection: Connection, read: Callable[[libvirt.virStoragePool], T]) -> tuple[T, ...]:
    """Read something of every pool, but of those that are gone since they were listed.

    Raises HostError for any other failure of libvirt.
    """
    found = []
    with translated("Cannot list the pools"):
        for pool in connection.handle.listAllStoragePools(0):
            try:
                found.append(read(pool))
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_POOL:
                    raise
    return tuple(found)


def remove(connection: Connection, name: str) -> None:
    """Make libvirt forget the pool; its folder and files stay. Raises HostError if it has none."""
    handle(connection, name)
    _forget(connection, name)


@persistent
def _forget(connection: Connection, name: str) -> None:
    with translated(f"Cannot remove the pool {name}"):
        pool = _find(connection, name)
        if pool is not None:
            unless(lambda: not pool.isActive(), pool.destroy)
            unless(lambda: not exists(connection, name), pool.undefine)


def refresh(pool: libvirt.virStoragePool) -> None:
    """Make libvirt notice files that appeared or went.

    libvirt refuses while a volume of the pool is being made; another build may do that right now.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            with _scanned(pool):
                pool.refresh(0)
        except libvirt.libvirtError as error:
            if _BUSY not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _start(pool: libvirt.virStoragePool) -> None:
    with _scanned(pool):
        pool.create(0)


@contextmanager
def _scanned(pool: libvirt.virStoragePool) -> Iterator[None]:
    """Name the file over which libvirt, which reads the head of each, hangs or stops the pool."""
    folder = xml.pool_path(pool.XMLDesc(0))
    if folder:
        scanning.refuse_endless(folder, pool.name())
    try:
        yield
    except libvirt.libvirtError as error:
        why = _stopper(folder, str(error)) if folder else ""
        if not why:
            raise
        raise HostError(
            f"libvirt stops the pool {pool.name()}: {why}.", hint="Move that file out of the pool."
        ) from error


def _stopper(folder: Path, said: str) -> str:
    # What it says may be of an image before that one: it forgets to say more of the next.
    found = _UNREADABLE.search(said)
    if found and folder in Path(found[1]).parents:
        return f"it cannot read {found[1]}: {found[2]}"
    cut = scanning.cut_off(folder)
    return f"{cut} is cut off within its header" if cut else ""


def handle(connection: Connection, name: str) -> libvirt.virStoragePool:
    """Return libvirt's handle, for this package's other modules."""
    found = _find(connection, name)
    if found is None:
        raise HostError(
            f"There is no storage pool {name}.",
            hint="`builder pool list` shows those there are. "
            "The first build makes ours, and so does `builder pool init`.",
        )
    return found


@persistent
def _find(connection: Connection, name: str) -> libvirt.virStoragePool | None:
    # Not by a lookup that fails: libvirt forgets the reason of a failure when its next call begins,
    # and Python's garbage collector, which frees handles by such calls, may come in between.
    with translated(f"Cannot look up the pool {name}"):
        found = connection.handle.listAllStoragePools(0)
    return next((pool for pool in found if pool.name() == name), None)


def _value(pool: libvirt.virStoragePool) -> Pool:
    path = xml.pool_path(pool.XMLDesc(0))
    if path is None:
        raise HostError(
            f"The pool {pool.name()} is not a folder.",
            hint="Name another by iso_pool or store_pool in builder.toml.",
        )
    active = bool(pool.isActive())
    _state, capacity, _allocation, available = pool.info()
    return Pool(
        name=pool.name(),
        path=path,
        active=active,
        autostart=bool(pool.autostart()),
        capacity=capacity,
        available=_free(path, otherwise=available),
    )


def _free(path: Path, *, otherwise: int) -> int:
    """Return what df calls available; libvirt counts what the file system keeps for root, too."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return otherwise
