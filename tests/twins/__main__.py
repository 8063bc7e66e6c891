"""Install one kickstart twice, and name the files in which the two systems differ: `make twins`.

What differs was drawn by lot, counted or dated. What the seal should have removed is an identity
that clones would share; the rest of it, but for what is explained here, is told: exit code 1. A
rehearsal's packages were unpacked when its ISO was made, so it tells of our own line; what packages
draw when they are installed shows with a release of rpms: `make twins ARGS="centos7 --iso FILE"`.
"""

import argparse
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from builder import config
from builder.host.host import Host, open_host
from builder.host.libvirtd import libvirt_service
from builder.install.plan import install_plan, machine
from builder.install.run import install
from builder.kickstart.library import Library
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.build import BuildOrder
from builder.model.installation import Limits
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.proof.audit.tree import GuestTree
from builder.recipes.audit import BLOCK, archive_of
from builder.recipes.inputs import rendered, staged
from builder.recipes.order import Request, pairs, resolve
from builder.virt import domains, volumes
from tests.twins.differences import differences, explained

_SILENT = SilentMonitor()


def main() -> int:
    """Install twice, and print what differs."""
    options = _options()
    settings = config.load()
    with (
        libvirt_service(settings.uri, monitor=_SILENT),
        open_host(settings, _SILENT) as opened,
        ExitStack() as last,
    ):
        host = opened.prepared()
        order = resolve(_request(options), Library())
        trees = [last.enter_context(_installed(order, host)) for _ in range(2)]
        found = dict(differences(*trees))
    for path, how in found.items():
        sys.stdout.write(f"{path}: {how} ({explained(path) or 'unexplained'})\n")
    unexplained = sum(1 for path in found if not explained(path))
    sys.stdout.write(f"{len(found)} files differ, {unexplained} of them unexplained\n")
    return 1 if unexplained else 0


@contextmanager
def _installed(order: BuildOrder, host: Host) -> Iterator[GuestTree]:
    """Yield the files of a system that was just installed; its disk is gone already."""
    nonce = secrets.token_hex(16)
    name = f".twin-{nonce[:8]}"
    guest = machine(order, host.accelerator, network=host.settings.network)
    with ExitStack() as undo:
        folder = Path(undo.enter_context(TemporaryDirectory(dir="/var/tmp")))
        folder.chmod(0o711)  # the hypervisor's own user must get through
        traces = Traces(id=nonce[:8], folder=folder, began=datetime.now(UTC))
        iso = staged(order, host=host, monitor=_SILENT)
        text = rendered(order, monitor=_SILENT).for_build(nonce)
        append = (*order.release.installer_args, *guest.kernel_args)
        output = host.iso_pool.path / f"{name}.iso.qcow2"
        undo.callback(output.unlink, missing_ok=True)
        edits = Edits(kickstart=text, append=append, firmware=guest.firmware)
        media = remaster(iso.path, edits, output=output, overlay=True, monitor=_SILENT)
        pool, file = host.store_pool.name, f"{name}.qcow2"
        disk = volumes.create(host.connection, pool, file, capacity=order.capacity, cluster=BLOCK)
        undo.callback(volumes.delete, host.connection, pool, file)
        plan = install_plan("twin", guest, nonce=nonce, disk=disk.path, media=media, traces=traces)
        try:
            install(
                plan,
                host.connection,
                limits=Limits(deadlines=host.settings.deadlines),
                monitor=_SILENT,
            )
        finally:
            domains.remove(domains.Domain(name=plan.domain.name, connection=host.connection))
        audited = Traces(id=f"{nonce[:8]}-a", folder=folder / "audit", began=traces.began)
        archive = undo.enter_context(
            archive_of(disk, medium=iso.path, machine=guest, host=host, traces=audited)
        )
        yield undo.enter_context(GuestTree.opened(archive))


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="make twins", description=__doc__)
    made.add_argument("release", nargs="?", default="rehearsal")
    made.add_argument("--kickstart", type=Path, help="yours, instead of the release's")
    made.add_argument("--iso", type=Path, help="the release's ISO, at hand")
    made.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return made.parse_args()


def _request(options: argparse.Namespace) -> Request:
    return Request(
        release=options.release,
        kickstart=options.kickstart,
        iso=options.iso,
        variables=pairs(options.set),
    )


if __name__ == "__main__":
    sys.exit(main())
