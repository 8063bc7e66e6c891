"""Installations with exactly the kickstart that a test wants: the linter would stop bad ones."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import libvirt

from builder.host.host import Host
from builder.install.plan import install_plan, machine
from builder.install.run import install
from builder.kickstart.library import Library
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.build import BuildOrder
from builder.model.domain import Disk, DomainSpec
from builder.model.installation import Deadlines, Ended, Installation, InstallPlan, Limits
from builder.model.media import StagedIso
from builder.model.template import Built
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.recipes.order import Request, resolve
from builder.record.terminal import Lines
from builder.registry.registry import LOCK
from builder.virt import domains, volumes
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen
from tests.waiting import PATIENCE

SILENT = SilentMonitor()


def guests(host: Host) -> list[domains.Domain]:
    """Return the domains that use the tests' own store pool; other tests may run beside these."""
    found = []
    for each in host.connection.handle.listAllDomains():
        with suppress(libvirt.libvirtError):  # one that is gone by now
            if str(host.store_pool.path) in each.XMLDesc():
                found.append(domains.Domain(name=each.name(), connection=host.connection))
    return found


def left(host: Host) -> tuple[list[str], list[str]]:
    """Return our domains, and the files in our pools that are no ISO or template."""
    pools = (host.iso_pool.name, host.store_pool.name)
    files = [each.name for pool in pools for each in volumes.all_volumes(host.connection, pool)]
    others = [name for name in files if not name.startswith(("rehearsal", LOCK))]
    return [each.name for each in guests(host)], others


@contextmanager
def planned(
    text: str,
    *,
    nonce: str,
    host: Host,
    iso: StagedIso,
    folder: Path,
    order: BuildOrder | None = None,
) -> Iterator[InstallPlan]:
    """Yield the plan of an installation; its medium and its disk are there for the block."""
    order = order or resolve(Request(release="rehearsal"), Library())
    name = f"attempt-{nonce[:8]}"
    with ExitStack() as undo:
        output = host.iso_pool.path / f"{name}.qcow2"
        edits = Edits(kickstart=text)
        media = remaster(iso.path, edits, output=output, overlay=True, monitor=SILENT)
        undo.callback(media.path.unlink)
        pool = host.store_pool.name
        disk = volumes.create(host.connection, pool, f"{name}.qcow2", capacity=order.capacity)
        undo.callback(volumes.delete, host.connection, pool, disk.name)
        yield install_plan(
            "attempt",
            machine(order, host.accelerator, network="user"),
            nonce=nonce,
            disk=disk.path,
            media=media,
            traces=Traces(id=nonce[:8], folder=folder, began=datetime.now(UTC)),
        )


def carry_out(plan: InstallPlan, host: Host, *, deadlines: Deadlines | None = None) -> Installation:
    """Install as planned, and remove the domain. Raises what the installation raises."""
    try:
        return install(
            plan,
            host.connection,
            limits=Limits(deadlines=deadlines or host.settings.deadlines),
            monitor=SILENT,
        )
    finally:
        domains.remove(domains.Domain(name=plan.domain.name, connection=host.connection))


def told(built: Built, letter: str) -> dict[str, str]:
    """Return what a clone of a build reported of itself."""
    assert built.folder is not None
    lines = (built.folder / f"clone-{letter}-report.log").read_text().splitlines()
    said = [json.loads(line) for line in lines]
    return {each["item"]: each["value"] for each in said}


def boot(plan: InstallPlan, host: Host) -> str:
    """Return what the installed system writes to its console until it powers itself off."""
    spec = DomainSpec(
        name=f"{plan.domain.name}-boot",
        title="A system that was just installed",
        machine=plan.domain.machine,
        disks=(Disk(path=plan.domain.disks[0].path, boot_order=1),),
        console_log=plan.traces.folder / "boot.log",
    )
    with (
        domains.paused(host.connection, domain_xml(spec)) as domain,
        listen(domain, logs=spec.logs) as signals,
    ):
        domains.resume(domain)
        while not isinstance(signals.get(timeout=PATIENCE), Ended):
            pass
    # On a slow machine systemd draws over the lines that it waits for.
    return "\n".join(Lines().feed(spec.console_log.read_bytes()))
