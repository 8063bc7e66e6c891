"""Directory pools."""

from pathlib import Path

import libvirt

from builder.errors import HostError
from builder.model.storage import Pool
from builder.virt import xml
from builder.virt.connection import Connection, translated


def ensure(connection: Connection, name: str, *, path: Path) -> Pool:
    """Return the pool, defined, started and set to autostart; make it at `path` if it is new.

    A pool of that name that exists already is used where it is.
    """
    handle = _find(connection, name)
    with translated(f"Cannot set up the pool {name} at {path}", hint="Is the folder writable?"):
        if handle is None:
            path.mkdir(parents=True, exist_ok=True)
            handle = connection.handle.storagePoolDefineXML(xml.pool_xml(name, path), 0)
        if not handle.isActive():
            handle.create(0)
        if not handle.autostart():
            handle.setAutostart(1)
        handle.refresh(0)
    return _value(handle)


def get(connection: Connection, name: str) -> Pool:
    """Return the pool. Raises HostError when it does not exist."""
    return _value(handle(connection, name))


def all_pools(connection: Connection) -> tuple[Pool, ...]:
    """Return every directory pool, by name."""
    with translated("Cannot list the pools"):
        found = connection.handle.listAllStoragePools(0)
        folders = [_value(pool) for pool in found if xml.pool_path(pool.XMLDesc(0)) is not None]
    return tuple(sorted(folders, key=lambda pool: pool.name))


def remove(connection: Connection, name: str) -> None:
    """Make libvirt forget the pool; its folder and files stay."""
    with translated(f"Cannot remove the pool {name}"):
        pool = handle(connection, name)
        if pool.isActive():
            pool.destroy()
        pool.undefine()


def refresh(connection: Connection, name: str) -> None:
    """Make libvirt notice files that appeared or went."""
    with translated(f"Cannot refresh the pool {name}"):
        handle(connection, name).refresh(0)


def handle(connection: Connection, name: str) -> libvirt.virStoragePool:
    """Return libvirt's handle, for this package's other modules."""
    found = _find(connection, name)
    if found is None:
        raise HostError(
            f"There is no storage pool {name}.", hint="Create it with `builder pool init`."
        )
    return found


def _find(connection: Connection, name: str) -> libvirt.virStoragePool | None:
    try:
        return connection.handle.storagePoolLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
            return None
        raise HostError(f"Cannot look up the pool {name}: {error}.") from error


def _value(pool: libvirt.virStoragePool) -> Pool:
    path = xml.pool_path(pool.XMLDesc(0))
    if path is None:
        raise HostError(
            f"The pool {pool.name()} is not a folder.",
            hint="Name another with --config or BUILDER_ISO_POOL / BUILDER_STORE_POOL.",
        )
    active = bool(pool.isActive())
    _state, capacity, _allocation, available = pool.info()
    return Pool(
        name=pool.name(),
        path=path,
        active=active,
        autostart=bool(pool.autostart()),
        capacity=capacity,
        available=available,
    )
