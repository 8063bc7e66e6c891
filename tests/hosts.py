"""A host of libvirt's in-process test driver, which forgets everything with its connection.

It has a domain `test` of somebody else's.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.config import Settings
from builder.host import pools
from builder.host.host import Host
from builder.virt.connection import Connection, connect
from tests.values import EMULATION

URI = "test:///default"


def settings(place: Path) -> Settings:
    """Return settings that keep everything below the folder."""
    return Settings(
        uri=URI,
        iso_pool_path=place / "iso",
        store_pool_path=place / "store",
        artifacts=place / "artifacts",
        cache=place / "cache",
        state=place / "state",
    )


@contextmanager
def new_host() -> Iterator[Connection]:
    """Yield a connection to one that knows nothing of earlier tests.

    All of a process share one as long as any connection to it is left: some error may refer to it.
    """
    gc.collect()
    with connect(URI) as connection:
        yield connection


@contextmanager
def driven(place: Path) -> Iterator[Host]:
    """Yield the host, with its pools."""
    given = settings(place)
    with new_host() as connection:
        iso_pool, store_pool = pools.init(connection, given)
        yield Host(
            settings=given,
            connection=connection,
            accelerator=EMULATION,
            iso_pool=iso_pool,
            store_pool=store_pool,
        )
