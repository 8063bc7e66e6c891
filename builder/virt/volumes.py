"""Volumes of a pool."""

import os
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import libvirt

from builder.errors import HostError
from builder.model.storage import Volume
from builder.virt import pools, xml
from builder.virt.connection import Connection, LostError, attempt, is_loss, persistent


def create(
    connection: Connection,
    pool: str,
    name: str,
    *,
    capacity: int,
    backing: Path | None = None,
    cluster: int = 0,
) -> Volume:
    """Create a qcow2 volume of `capacity` bytes, or an overlay of `backing`.

    `cluster` is the size of its clusters in bytes; libvirt before 7.4 leaves that to QEMU.
    Raises HostError when the name is taken or the pool refuses.
    """
    if os.path.lexists(pools.get(connection, pool).path / name):
        raise _taken(pool, name)
    text = xml.volume_xml(name, capacity, backing=backing, cluster=cluster)
    try:
        return _create(connection, pool, name, text)
    except LostError:
        # It was not there before: what is there now, and as it should be, we have made.
        made = _volume(connection, pool, name)
        if made and made.backing == backing and capacity in (0, made.capacity):
            return made
        return _create(connection, pool, name, text)


def _create(connection: Connection, pool: str, name: str, text: str) -> Volume:
    home = pools.get(connection, pool)
    hint = f"Is {home.path} there, writable and not full?" if home.active else pools.STOPPED
    with pools.at_work(
        connection, pool, f"Cannot create the volume {name} in the pool {pool}", hint=hint
    ):
        try:
            return _value(pool, pools.handle(connection, pool).createXML(text, 0))
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_STORAGE_VOL_EXIST:
                raise _taken(pool, name) from error
            raise


def _taken(pool: str, name: str) -> HostError:
    return HostError(
        f"The pool {pool} already has a volume {name}.",
        hint=f"Choose another name, or `builder volume delete {shlex.quote(name)} "
        f"--pool {shlex.quote(pool)}`.",
    )


@persistent
def all_volumes(connection: Connection, pool: str) -> tuple[Volume, ...]:
    """Return the pool's volumes, by name."""
    with pools.at_work(connection, pool, f"Cannot list the pool {pool}"):
        found = [_value(pool, volume) for volume in _handles(connection, pool)]
    return tuple(sorted(found, key=lambda volume: volume.name))


def get(connection: Connection, pool: str, name: str) -> Volume:
    """Return the volume. Raises HostError when there is none of that name."""
    if found := _volume(connection, pool, name):
        return found
    raise HostError(
        f"There is no volume {name} in the pool {pool}.",
        hint=f"`builder volume list --pool {shlex.quote(pool)}` shows what is there.",
    )


def delete(connection: Connection, pool: str, name: str) -> None:
    """Delete a volume. Raises HostError when there is none of that name."""
    get(connection, pool, name)
    _delete(connection, pool, name)


@persistent
def _delete(connection: Connection, pool: str, name: str) -> None:
    with pools.at_work(connection, pool, f"Cannot delete the volume {name} of the pool {pool}"):
        for volume in _handles(connection, pool, name):
            attempt(partial(volume.delete, 0), so=lambda: not _handles(connection, pool, name))


@persistent
def _volume(connection: Connection, pool: str, name: str) -> Volume | None:
    with pools.at_work(connection, pool, f"Cannot look up the volume {name} of the pool {pool}"):
        found = [_value(pool, each) for each in _handles(connection, pool, name)]
    return found[0] if found else None


def _handles(
    connection: Connection, pool: str, name: str | None = None
) -> list[libvirt.virStorageVol]:
    """Return what is there now, or what has that name. Not by lookups that fail: see pools."""
    home = pools.handle(connection, pool)
    pools.refresh(home)
    return [each for each in home.listAllVolumes(0) if name in (None, _text(each.name))]


def _value(pool: str, volume: libvirt.virStorageVol) -> Volume:
    form, backing, sizes = _looked_into(volume)
    return Volume(
        pool=pool,
        name=_text(volume.name),
        path=Path(_text(volume.path)),
        format=form,
        capacity=sizes[0],
        allocation=sizes[1],
        backing=backing,
    )


def _looked_into(volume: libvirt.virStorageVol) -> tuple[str, Path | None, tuple[int, int]]:
    """Return format, backing file and sizes; libvirt cannot look into all that strangers make."""
    try:
        _kind, capacity, allocation = volume.info()
        form, backing = xml.parse_volume(_text(partial(volume.XMLDesc, 0)))
    except libvirt.libvirtError as error:
        if is_loss(error) or error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL:
            raise
        return "unknown", None, (0, 0)
    return form, backing, (capacity, allocation)


def _text(ask: Callable[[], str]) -> str:
    """Return what libvirt says, bytes that are no UTF-8 spelled out: files may be called so."""
    try:
        return ask()
    except UnicodeDecodeError as error:
        return error.object.decode(errors="backslashreplace")
