"""A host of libvirt's in-process test driver: it has a domain `test` of somebody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.config import Settings
from builder.host import pools
from builder.host.host import Host
from builder.model.domain import Accelerator
from builder.virt.connection import connect


@contextmanager
def played(place: Path) -> Iterator[Host]:
    """Open it for the block, its pools and its state below `place`."""
    settings = Settings(
        uri="test:///default",
        iso_pool_path=place / "iso",
        store_pool_path=place / "store",
        artifacts=place / "artifacts",
        state=place / "state",
    )
    with connect(settings.uri) as connection:
        iso_pool, store_pool = pools.init(connection, settings)
        yield Host(
            settings=settings,
            connection=connection,
            accelerator=Accelerator(virt_type="qemu", cpu="", uefi=False),
            iso_pool=iso_pool,
            store_pool=store_pool,
        )
