"""The folders of both pools, which libvirt may have elsewhere than the settings say."""

from pathlib import Path

from builder.config import Settings
from builder.errors import HostError
from builder.host import pools
from builder.host.libvirtd import opened
from builder.monitor import Monitor


def folders(settings: Settings, *, make: bool, monitor: Monitor) -> tuple[Path, ...]:
    """Return both folders; `make` those pools that are missing.

    Raises HostError when libvirt does not answer, or a pool is away; for a mere look that is a
    warning, and they are where the settings have them.
    """
    try:
        with opened(settings.uri, monitor=monitor) as connection:
            if make:
                return tuple(pool.path for pool in pools.init(connection, settings))
            return tuple(pools.found(connection, settings, each).path for each in pools.BOTH)
    except HostError as error:
        if make:
            raise
        monitor.tell("warning", f"{error.message} The pools are taken to be where settings say.")
        return (settings.iso_pool_path, settings.store_pool_path)
