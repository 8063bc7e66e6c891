"""The two pools of the project: media in one, disks in the other."""

from contextlib import ExitStack
from pathlib import Path

from builder.config import Settings
from builder.errors import HostError
from builder.model.storage import Pool
from builder.virt import pools
from builder.virt.connection import Connection


def init(connection: Connection, settings: Settings) -> tuple[Pool, Pool]:
    """Return the iso and the store pool, made where they are missing.

    A pool that libvirt has already is used where it is. Raises HostError when a folder or a pool
    cannot be made, nothing having been changed then, and for a libvirt on another machine.
    """
    _refuse_remote(connection.uri)
    wanted = (
        (settings.iso_pool, settings.iso_pool_path),
        (settings.store_pool, settings.store_pool_path),
    )
    with ExitStack() as undo:
        for name, path in wanted:
            if not pools.exists(connection, name):
                _make_folder(path, undo)
                undo.callback(_forget, connection, name)
        iso, store = (pools.ensure(connection, name, path=path) for name, path in wanted)
        undo.pop_all()
    return iso, store


def _refuse_remote(uri: str) -> None:
    if uri.partition("://")[2].partition("/")[0]:
        raise HostError(
            f"{uri} is another machine; builds only run where libvirt runs so far.",
            hint="Run builder on that machine, with --uri qemu:///system.",
        )


def _forget(connection: Connection, name: str) -> None:
    if pools.exists(connection, name):
        pools.remove(connection, name)


def _make_folder(path: Path, undo: ExitStack) -> None:
    try:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            undo.callback(folder.rmdir)
    except OSError as error:
        raise HostError(
            f"Cannot make the folder {path}: {error.strerror}.",
            hint="Set BUILDER_ISO_POOL_PATH and BUILDER_STORE_POOL_PATH to other folders.",
        ) from error
