"""Where the rows work: a folder and pools of the benchmark's own, one ISO, one kickstart."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from builder import config
from builder.errors import HostError
from builder.host.host import Host, open_host
from builder.host.libvirtd import libvirt_service
from builder.install.plan import machine
from builder.kickstart.library import Library
from builder.model.build import BuildOrder
from builder.model.domain import Machine
from builder.monitor import SilentMonitor
from builder.recipes.inputs import staged
from builder.recipes.order import Request, resolve
from builder.virt import domains, pools

RELEASE = "rehearsal"
BUILDER = str(Path(sys.executable).with_name("builder"))
MINUTES = 15
"""How long an installation may take."""

_SILENT = SilentMonitor()


class Place(msgspec.Struct, frozen=True):
    """What all rows are given."""

    folder: Path
    """Part of the command line of every guest, which tells them from other people's."""
    host: Host
    order: BuildOrder
    iso: Path
    kickstart: Path

    @property
    def run(self) -> Path:
        """A folder that is empty when a run begins."""
        return self.folder / "run"

    @property
    def machine(self) -> Machine:
        """The hardware that builder gives the guest, and the other tools have to."""
        return machine(self.order, self.host.accelerator, network=self.host.settings.network)

    def clear(self) -> None:
        """Remove what a run made, whatever became of it."""
        for name in domains.names(self.host.connection):
            self._remove(domains.Domain(name=name, connection=self.host.connection))
        for path in (self.run, self.host.settings.builds):
            shutil.rmtree(path, ignore_errors=True)
        for pool in (self.host.iso_pool, self.host.store_pool):
            for file in (each for each in pool.path.iterdir() if each != self.iso):
                file.unlink()
            pools.notice(self.host.connection, pool.name)
        self.run.mkdir()

    def _remove(self, domain: domains.Domain) -> None:
        with suppress(HostError):  # somebody else's, which has gone meanwhile
            if f"{self.folder}/" in domains.live_xml(domain):
                domains.remove(domain)


@contextmanager
def place(parent: Path) -> Iterator[Place]:
    """Yield a place below `parent`, with a libvirt that answers; nothing of it stays.

    Raises HostError where there is no libvirt, or no rehearsal ISO can be made.
    """
    plain = config.load()
    with (
        libvirt_service(plain.uri, monitor=_SILENT),
        TemporaryDirectory(prefix="builder-bench-", dir=parent) as name,
        ExitStack() as last,
    ):
        folder = Path(name)
        folder.chmod(0o711)  # the hypervisor's own user must get through
        host = last.enter_context(open_host(_settings(folder), _SILENT)).prepared()
        for pool in (host.iso_pool, host.store_pool):
            last.callback(pools.remove, host.connection, pool.name)
        order = resolve(Request(release=RELEASE), Library())
        iso = staged(order, host=host, monitor=_SILENT).path
        made = Place(folder, host, order, iso, _kickstart(folder))
        last.callback(made.clear)
        yield made


def _settings(folder: Path) -> config.Settings:
    return config.load(
        iso_pool=f"{folder.name}-iso",
        store_pool=f"{folder.name}-store",
        iso_pool_path=folder / "iso",
        store_pool_path=folder / "store",
        state=folder / "state",
        install_minutes=MINUTES,
    )


def _kickstart(folder: Path) -> Path:
    path = folder / "ks.cfg"
    argv = [BUILDER, "kickstart", "render", RELEASE]
    path.write_text(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    return path
