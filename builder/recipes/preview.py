"""What a build would do, without touching anything."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder.config import Settings
from builder.errors import HostError
from builder.host import pools
from builder.install.plan import install_plan, machine
from builder.kickstart.masking import mask
from builder.media.stage import suitable
from builder.model.build import BuildOrder
from builder.model.domain import Accelerator
from builder.model.media import AtHand, InstallMedia
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.recipes.inputs import rendered
from builder.recipes.steps import STEPS
from builder.recipes.work import Names
from builder.record.builds import folder
from builder.virt import networks
from builder.virt.capabilities import accelerator
from builder.virt.connection import Connection, connect
from builder.virt.domain_xml import domain_xml

_BUILD = "BUILD"
"""Stands for the build's id."""

_ASSUMED = Accelerator(
    virt_type="kvm", cpu="host-passthrough", uefi=True, secure_boot=True, tpm=True
)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a build."""

    steps: tuple[str, ...]
    kickstart: str
    """Secrets masked."""
    domain_xml: str


def preview(order: BuildOrder, settings: Settings, *, monitor: Monitor) -> Preview:
    """Plan a build: neither an ISO nor a running libvirt is needed; an ISO at hand is looked at.

    Raises what the build itself would raise for a wrong order or kickstart.
    """
    kickstart = rendered(order, monitor=monitor)
    if isinstance(order.iso, AtHand):
        # All but its checksum, for which gigabytes would be read.
        suitable(order.iso.path, volume_id=order.release.volume_id)
    found, iso_pool, store_pool = _likely(settings, monitor)
    hardware = machine(order, found, network=settings.network)
    names = _names(order, settings, iso_pool=iso_pool, store_pool=store_pool)
    plan = install_plan(
        order.name,
        hardware,
        nonce="",
        disk=names.disk,
        media=_media(order, names.overlay),
        traces=names.traces,
    )
    return Preview(
        steps=tuple(each.plan(order, names=names, machine=hardware) for each in STEPS),
        kickstart=mask(kickstart.text),
        domain_xml=domain_xml(plan.domain),
    )


def _names(order: BuildOrder, settings: Settings, *, iso_pool: Path, store_pool: Path) -> Names:
    here = folder(settings.builds, order.name, _BUILD)
    return Names(
        template=order.name,
        traces=Traces(id=_BUILD, name=order.name, folder=here, began=datetime.now(UTC)),
        iso_pool=iso_pool,
        store_pool=store_pool,
    )


def _media(order: BuildOrder, path: Path) -> InstallMedia:
    return InstallMedia(
        path=path,
        format="qcow2",
        volume_id=order.release.volume_id,
        kickstart_path="/ks.cfg",
        size=0,
    )


def _likely(settings: Settings, monitor: Monitor) -> tuple[Accelerator, Path, Path]:
    """Return what guests run on, and the folders of the iso and the store pool.

    Raises HostError where there is no such network as guests are to have.
    """
    iso, store = settings.iso_pool_path, settings.store_pool_path
    found, absent = _ASSUMED, None
    try:
        with connect(settings.uri) as connection:
            absent = networks.absence(connection, settings.network, "The build could not run")
            iso, store = (_folder(connection, settings, each, monitor) for each in pools.BOTH)
            found = accelerator(connection)
    except HostError as error:
        monitor.tell("warning", f"{error.message} The preview assumes a host with KVM and UEFI.")
    if absent is not None:
        raise absent
    return found, iso, store


def _folder(
    connection: Connection, settings: Settings, setting: pools.Setting, monitor: Monitor
) -> Path:
    try:
        return pools.found(connection, settings, setting).path
    except HostError as error:
        path: Path = getattr(settings, f"{setting}_path")
        monitor.tell("warning", f"{error.message} The preview assumes {path}. {error.hint}")
        return path
