"""The host that builds run on: libvirt connected, its pools looked up."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace

from builder.config import Settings
from builder.host import pools
from builder.host.libvirtd import opened
from builder.model.domain import Accelerator
from builder.model.storage import Pool
from builder.monitor import Monitor
from builder.virt.capabilities import accelerator
from builder.virt.connection import Connection


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """An open connection, and what was found behind it; the pools may be still to be made."""

    settings: Settings
    connection: Connection
    accelerator: Accelerator
    iso_pool: Pool
    store_pool: Pool

    def prepared(self) -> "Host":
        """Return the host with both pools ready. Raises HostError as `pools.init` does."""
        iso_pool, store_pool = pools.init(self.connection, self.settings)
        return replace(self, iso_pool=iso_pool, store_pool=store_pool)

    def with_store(self) -> "Host":
        """Return the host with its store pool ready, whatever the other is like. Raises alike."""
        return replace(self, store_pool=pools.made(self.connection, self.settings, "store_pool"))


@contextmanager
def open_host(
    settings: Settings, monitor: Monitor, *, needs: Collection[str] = pools.BOTH
) -> Iterator[Host]:
    """Connect to libvirt for the block, and start pools that it knows; make none: see `prepared`.

    What is not among the `needs` is not started. Raises HostError when libvirt does not answer,
    cannot run guests, or a pool is away.
    """
    with opened(settings.uri, monitor=monitor) as connection:
        iso_pool, store_pool = (
            (pools.started if each in needs else pools.found)(connection, settings, each)
            for each in pools.BOTH
        )
        yield Host(
            settings=settings,
            connection=connection,
            accelerator=accelerator(connection),
            iso_pool=iso_pool,
            store_pool=store_pool,
        )
