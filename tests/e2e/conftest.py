"""A workplace for real installations: pools of the tests' own, one rehearsal ISO for all."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from builder import config
from builder.host.host import Host, open_host
from builder.kickstart.library import Library
from builder.model.media import StagedIso
from builder.monitor import SilentMonitor
from builder.recipes.inputs import staged
from builder.recipes.order import Request, resolve
from builder.virt.pools import remove


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Return a folder for pools: the hypervisor's own user must get through to it."""
    with TemporaryDirectory(prefix="builder-e2e-", dir="/var/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def settings(libvirt_uri: str, place: Path) -> config.Settings:
    """Return settings whose pools and artifacts belong to this run; the cache is the host's."""
    return config.load(
        uri=libvirt_uri,
        iso_pool=f"{place.name}-iso",
        store_pool=f"{place.name}-store",
        iso_pool_path=place / "iso",
        store_pool_path=place / "store",
        artifacts=place / "artifacts",
        state=place / "state",
        install_minutes=15,
        idle_minutes=3,
    )


@pytest.fixture(scope="session")
def host(settings: config.Settings) -> Iterator[Host]:
    """Return the open host; its pools go away with the tests."""
    with open_host(settings, SilentMonitor()) as host:
        try:
            yield host.prepared()
        finally:
            for pool in (host.iso_pool, host.store_pool):
                remove(host.connection, pool.name)


@pytest.fixture(scope="session")
def rehearsal(host: Host) -> StagedIso:
    """Return the staged rehearsal ISO, made on this machine if the cache has none."""
    return staged(
        resolve(Request(release="rehearsal"), Library()), host=host, monitor=SilentMonitor()
    )
