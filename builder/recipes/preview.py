"""What a build would do, without touching anything."""

from pathlib import Path

import msgspec

from builder.config import Settings
from builder.errors import HostError
from builder.install.plan import install_plan, machine
from builder.kickstart.secrets import mask
from builder.model.build import BuildOrder
from builder.model.domain import Accelerator, Machine
from builder.model.media import InstallMedia
from builder.monitor import Monitor
from builder.recipes.inputs import rendered
from builder.rehearsal.cache import location
from builder.virt.capabilities import accelerator
from builder.virt.connection import connect
from builder.virt.domain_xml import domain_xml


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a build."""

    steps: tuple[str, ...]
    kickstart: str
    """Secrets masked."""
    domain_xml: str


def preview(order: BuildOrder, settings: Settings, *, monitor: Monitor) -> Preview:
    """Plan a build: neither an ISO nor a running libvirt is needed.

    Raises what the build itself would raise for a wrong order or kickstart.
    """
    kickstart = rendered(order, nonce="0" * 32)
    hardware = machine(order, _likely(settings.uri, monitor), network=settings.network)
    plan = install_plan(
        f"builder-{order.name}-BUILD",
        hardware,
        nonce="0" * 32,
        disk=settings.store_pool_path / "BUILD.qcow2",
        media=InstallMedia(
            path=settings.iso_pool_path / "BUILD.qcow2",
            format="qcow2",
            volume_id=order.release.volume_id,
            kickstart_path="/ks.cfg",
            size=0,
        ),
        evidence=settings.artifacts / order.name / "BUILD",
    )
    return Preview(
        steps=_steps(order, hardware, settings),
        kickstart=mask(kickstart.text, order.options.secrets),
        domain_xml=domain_xml(plan.domain),
    )


def _likely(uri: str, monitor: Monitor) -> Accelerator:
    try:
        with connect(uri) as connection:
            return accelerator(connection)
    except HostError as error:
        monitor.warn(f"{error.message} The preview assumes a host with KVM and UEFI.")
        return Accelerator(virt_type="kvm", cpu="host-passthrough", uefi=True)


def _steps(order: BuildOrder, hardware: Machine, settings: Settings) -> tuple[str, ...]:
    media, disks = settings.iso_pool_path, settings.store_pool_path
    return (
        f"render {order.release.kickstart}, profile {order.profile.name}, and lint it as "
        f"{order.release.syntax}",
        f"stage {_source(order, settings.cache)} into {media}",
        f"remaster it with the kickstart as {media / 'BUILD.qcow2'}, an overlay on it",
        f"create {disks / 'BUILD.qcow2'}, {order.capacity // 2**30} GiB",
        f"install with {hardware.virt_type}, {hardware.firmware}, CPU {hardware.cpu}, "
        f"{hardware.memory_mib} MiB, {hardware.vcpus} processors, network {hardware.network}",
        "compress the disk and boot a clone of it to the login prompt",
        f"publish {disks / order.name}-YYYYMMDD.N.qcow2",
    )


def _source(order: BuildOrder, cache: Path) -> str:
    if order.iso is not None:
        return f"{order.iso}{', unverified' if order.allow_unverified else ''}"
    if order.release.made_here:
        return f"{location(cache)} (made on this machine)"
    return f"{order.release.urls[0]}/{order.medium.file} (sha256 {order.medium.sha256})"
