"""The two pools of the project: media in one, disks in the other."""

import os
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from builder import files
from builder.config import Settings
from builder.errors import HostError
from builder.host import libvirtd, reach
from builder.model.storage import Pool
from builder.monitor import Monitor
from builder.virt import pools
from builder.virt.connection import Connection, connect

Setting = Literal["iso_pool", "store_pool"]
BOTH: tuple[Setting, ...] = ("iso_pool", "store_pool")


def init(
    connection: Connection, settings: Settings, *, anew: Monitor | None = None
) -> tuple[Pool, Pool]:
    """Return the iso and the store pool, made where they are missing.

    A pool that libvirt has already is used where it is; its folder, should it be away, is made
    anew only for somebody who is told so by the monitor `anew`: its disk may not be mounted. Raises
    HostError when a folder or a pool is away or cannot be made, nothing having been changed then,
    and for a libvirt on another machine.
    """
    refuse_remote(connection)
    away = [each for each in pools.all_pools(connection) if not each.path.exists()]
    with ExitStack() as undo:
        iso = _made(connection, settings, "iso_pool", undo, anew=anew is not None)
        store = _made(connection, settings, "store_pool", undo, anew=anew is not None)
        undo.pop_all()
    if anew:
        _tell_of(away, (iso.name, store.name), monitor=anew)
    return iso, store


def _tell_of(away: Iterable[Pool], ours: Collection[str], *, monitor: Monitor) -> None:
    for pool in (each for each in away if each.name in ours):
        said = f"The folder of the pool {pool.name}, {pool.path}, was away: it is made anew, empty."
        monitor.tell("warning", f"{said} If a disk belongs there, mount it over that.")


def made(connection: Connection, settings: Settings, setting: Setting) -> Pool:
    """Return one of the pools, made if it is missing, for those who need no other.

    Raises HostError as `init` does.
    """
    refuse_remote(connection)
    with ExitStack() as undo:
        pool = _made(connection, settings, setting, undo, anew=False)
        undo.pop_all()
    return pool


def found(connection: Connection, settings: Settings, setting: Setting) -> Pool:
    """Return one of the pools as it is, or where `init` would make it; nothing is changed.

    Raises HostError when a known pool's folder is away, and for a libvirt on another machine.
    """
    refuse_remote(connection)
    name, path = getattr(settings, setting), getattr(settings, f"{setting}_path")
    if not pools.exists(connection, name):
        return Pool(name=name, path=path, active=False, autostart=False, capacity=0, available=0)
    known = pools.get(connection, name)
    pools.refuse_away(known.path, name)
    return known


def started(connection: Connection, settings: Settings, setting: Setting) -> Pool:
    """Return one of the pools as `found` does, but started if libvirt knows it.

    One of a disk, or of another machine, has an empty folder until then. Raises HostError.
    """
    pool = found(connection, settings, setting)
    return pools.start(connection, pool.name) if pools.exists(connection, pool.name) else pool


def folder(settings: Settings, setting: Setting, *, monitor: Monitor) -> Path:
    """Return the folder of one of the pools, for those who read no more than its files.

    Without libvirt it is the one in the settings. Raises HostError when it does not exist.
    """
    path: Path = getattr(settings, f"{setting}_path")
    name, asked = getattr(settings, setting), False
    try:
        with connect(settings.uri) as connection:
            asked = True
            known = pools.get(connection, name)
    except HostError as error:
        if not os.path.isdir(path):  # noqa: PTH112  # one that may not be looked at is none
            if asked:
                raise
            raise _unmade(name, path, error, settings.uri) from error
        monitor.tell("warning", f"{error.message} Reading {path}.")
        return path
    pools.refuse_away(known.path, known.name)
    if not known.active:
        said = f"The pool {known.name} is stopped. Reading {known.path} as it is."
        monitor.tell("warning", f"{said} {pools.STOPPED}")
    return known.path


def _unmade(name: str, path: Path, error: HostError, uri: str) -> HostError:
    """Return what to say where libvirt cannot be asked for a pool, and its usual folder is not."""
    starts = "`builder pool init` starts libvirt, and makes it where there is none."
    return HostError(
        f"There is no folder {path} of the pool {name}. {error.message}",
        hint=starts if libvirtd.is_ours(uri) else error.hint,
    )


def _made(
    connection: Connection, settings: Settings, setting: str, undo: ExitStack, *, anew: bool
) -> Pool:
    name, path = getattr(settings, setting), getattr(settings, f"{setting}_path")
    known = pools.all_pools(connection)
    at = next((each.path for each in known if each.name == name), None)
    owner = next((each.name for each in known if _same(each.path, path)), "")
    if at is None and owner:
        raise HostError(
            f"{path} is the folder of the pool {owner} already.",
            hint=f'Use that pool, {setting} = "{owner}", or set {setting}_path to another folder.',
        )
    if at and not anew:
        pools.refuse_away(at, name)
    _make_folder(at or path, setting, undo)
    reach.check(connection, at or path, setting)
    if not pools.exists(connection, name):
        undo.callback(_forget, connection, name)
    return pools.ensure(connection, name, path=path)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def refuse_remote(connection: Connection) -> None:
    """Raise HostError for a libvirt on another machine, whose files we do not see."""
    if connection.remote:
        raise HostError(
            f"{connection.uri} is another machine; builder only works where libvirt runs so far.",
            hint="Run builder on that machine, with --uri qemu:///system.",
        )


def _forget(connection: Connection, name: str) -> None:
    if pools.exists(connection, name):
        pools.remove(connection, name)


def _make_folder(path: Path, setting: str, undo: ExitStack) -> None:
    hint = f"Mend that, or {reach.elsewhere(setting)}."
    with files.writing(path, what=f"Cannot make the folder {path}", hint=hint):
        missing = [each for each in (path, *path.parents) if not each.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            undo.callback(folder.rmdir)
