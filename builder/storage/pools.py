"""The two pools of the project: media in one, disks in the other."""

from pathlib import Path

from builder.config import Settings
from builder.errors import HostError
from builder.model.storage import Pool
from builder.virt import pools
from builder.virt.connection import Connection


def init(connection: Connection, settings: Settings) -> tuple[Pool, Pool]:
    """Return the iso and the store pool, made where they are missing.

    Raises HostError when a folder cannot be made, and for a libvirt on another machine.
    """
    if "://" in connection.uri and connection.uri.split("://")[1].partition("/")[0]:
        raise HostError(
            f"{connection.uri} is another machine; builds only run where libvirt runs so far.",
            hint="Run builder on that machine, with --uri qemu:///system.",
        )
    return (
        _ensure(connection, settings.iso_pool, settings.iso_pool_path),
        _ensure(connection, settings.store_pool, settings.store_pool_path),
    )


def _ensure(connection: Connection, name: str, path: Path) -> Pool:
    try:
        return pools.ensure(connection, name, path=path)
    except OSError as error:
        raise HostError(
            f"Cannot make the folder {path} for the pool {name}: {error.strerror}.",
            hint="Set BUILDER_ISO_POOL_PATH and BUILDER_STORE_POOL_PATH to other folders.",
        ) from error
