"""Volumes of a pool."""

from pathlib import Path

import libvirt

from builder.errors import HostError
from builder.model.storage import Volume
from builder.virt import pools, xml
from builder.virt.connection import Connection, plain, translated


def create(
    connection: Connection, pool: str, name: str, *, capacity: int, backing: Path | None = None
) -> Volume:
    """Create a qcow2 volume of `capacity` bytes, or an overlay of `backing`.

    Raises HostError when the name is taken or the pool refuses.
    """
    home = pools.handle(connection, pool)
    text = xml.volume_xml(name, capacity, backing=backing)
    try:
        return _value(pool, home.createXML(text, 0))
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_STORAGE_VOL_EXIST:
            raise HostError(
                f"The pool {pool} already has a volume {name}.",
                hint=f"Choose another name, or `builder volume delete {name} --pool {pool}`.",
            ) from error
        raise HostError(
            f"Cannot create the volume {name} in the pool {pool}: {plain(error)}.",
            hint=f"Is {pools.get(connection, pool).path} writable and not full?",
        ) from error


def all_volumes(connection: Connection, pool: str) -> tuple[Volume, ...]:
    """Return the pool's volumes, by name."""
    home = pools.handle(connection, pool)
    with translated(f"Cannot list the pool {pool}"):
        pools.refresh(home)
        found = [_value(pool, volume) for volume in home.listAllVolumes(0)]
    return tuple(sorted(found, key=lambda volume: volume.name))


def path(connection: Connection, pool: str, name: str) -> Path:
    """Return a volume's file. Raises HostError when there is none of that name."""
    return Path(_found(connection, pool, name).path())


def delete(connection: Connection, pool: str, name: str) -> None:
    """Delete a volume. Raises HostError when there is none of that name."""
    volume = _found(connection, pool, name)
    with translated(f"Cannot delete the volume {name} of the pool {pool}"):
        volume.delete(0)


def _found(connection: Connection, pool: str, name: str) -> libvirt.virStorageVol:
    home = pools.handle(connection, pool)
    with translated(f"Cannot look into the pool {pool}"):
        pools.refresh(home)
        found = [each for each in home.listAllVolumes(0) if each.name() == name]
    if not found:
        raise HostError(
            f"There is no volume {name} in the pool {pool}.",
            hint=f"`builder volume list --pool {pool}` shows what is there.",
        )
    return found[0]


def _value(pool: str, volume: libvirt.virStorageVol) -> Volume:
    _kind, capacity, allocation = volume.info()
    form, backing = xml.parse_volume(volume.XMLDesc(0))
    return Volume(
        pool=pool,
        name=volume.name(),
        path=Path(volume.path()),
        format=form,
        capacity=capacity,
        allocation=allocation,
        backing=backing,
    )
