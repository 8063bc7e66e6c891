"""The host that builds run on: libvirt connected, its pools ready."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from builder.config import Settings
from builder.host import pools
from builder.host.libvirtd import opened
from builder.model.domain import Accelerator
from builder.model.storage import Pool
from builder.monitor import Monitor
from builder.virt.capabilities import accelerator
from builder.virt.connection import Connection


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """An open connection, and what was found behind it."""

    settings: Settings
    connection: Connection
    accelerator: Accelerator
    iso_pool: Pool
    store_pool: Pool


@contextmanager
def open_host(settings: Settings, monitor: Monitor) -> Iterator[Host]:
    """Connect to libvirt and make both pools ready, for the block.

    Raises HostError when libvirt does not answer, cannot run guests, or a pool cannot be made.
    """
    with opened(settings.uri, monitor=monitor) as connection:
        iso_pool, store_pool = pools.init(connection, settings)
        yield Host(
            settings=settings,
            connection=connection,
            accelerator=accelerator(connection),
            iso_pool=iso_pool,
            store_pool=store_pool,
        )
