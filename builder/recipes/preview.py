"""What a build would do, without touching anything."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder.config import Settings
from builder.errors import BuilderError, HostError, KickstartError
from builder.host import pools
from builder.install.plan import install_plan, machine
from builder.kickstart.lint import sentence
from builder.kickstart.masking import mask
from builder.media.obtain import Folders, latest, refuse_absent
from builder.model.build import BuildOrder
from builder.model.domain import Accelerator
from builder.model.kickstart import Kickstart, LintFinding
from builder.model.media import Download, InstallMedia
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.recipes import inputs, preflight
from builder.recipes.preflight import Place
from builder.recipes.remarks import Remark, State, judged, problem
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
    """The plan of a build; where a problem leaves nothing to plan, the rest of it is empty."""

    preflight: tuple[Remark, ...]
    steps: tuple[str, ...] = ()
    kickstart: str = ""
    """Secrets masked."""
    domain_xml: str = ""


def preview(order: BuildOrder, settings: Settings, *, monitor: Monitor) -> Preview:
    """Plan a build: neither an ISO nor a running libvirt is needed.

    An ISO that is at hand or in the pool is looked at: all but its checksum, for which gigabytes
    would be read. What is wrong is among the remarks; nothing is raised for it.
    """
    place = _likely(settings, monitor)
    remarks = preflight.examine(order, place)
    kickstart, found = _kickstart(order, monitor)
    remarks += found
    if kickstart is not None:
        remarks += _packages(order, kickstart, place)
    if kickstart is None or any(each.subject == "machine" and each.exit_code for each in remarks):
        return Preview(preflight=remarks)
    return _planned(order, place, kickstart, remarks)


def _kickstart(order: BuildOrder, monitor: Monitor) -> tuple[Kickstart | None, tuple[Remark, ...]]:
    """Return the kickstart, if it can be used, and how it is judged."""
    try:
        kickstart = inputs.rendered(order, monitor=monitor)
    except BuilderError as error:
        return None, (problem("kickstart", error),)
    detail = f"{kickstart.source} renders, and passes as {kickstart.syntax}."
    return kickstart, (judged("kickstart", detail),)


def _packages(order: BuildOrder, kickstart: Kickstart, place: Place) -> tuple[Remark, ...]:
    settings = place.settings
    folders = Folders(pool=place.iso_pool, cache=settings.cache, state=settings.state)
    try:
        if isinstance(order.iso, Download):
            refuse_absent(order.iso, folders)
        medium = inputs.at_hand(order, place.iso_pool, settings.cache)
        likely = None if medium else _likely_medium(order, folders)
        found = inputs.lacking(order, kickstart, medium or likely)
    except BuilderError as error:
        return (problem("medium", error),)
    remarks = tuple(_remark(kickstart, _unsure(each) if likely else each) for each in found)
    detail = f"all of them are on {medium or likely}."
    return (*_about(likely), *(remarks or (judged("packages", detail),)))


def _likely_medium(order: BuildOrder, folders: Folders) -> Path | None:
    """Return an ISO such as the build will look at, where only the vendor's list tells which."""
    return latest(order.iso, folders) if isinstance(order.iso, Download) else None


def _unsure(finding: LintFinding) -> LintFinding:
    return replace(finding, severity="warning") if finding.severity == "error" else finding


def _about(likely: Path | None) -> Iterator[Remark]:
    if likely:
        detail = f"{likely} is the newest in the pool; the build may fetch a newer one."
        yield judged("medium", detail)


def _remark(kickstart: Kickstart, finding: LintFinding) -> Remark:
    detail = sentence(kickstart, finding) if finding.line else f"{finding.message}."
    if finding.severity == "error":
        return problem("packages", KickstartError(detail, hint="Mend the kickstart."))
    state: State = "warning" if finding.severity == "warning" else "ok"
    return Remark(subject="packages", state=state, detail=detail)


def _planned(
    order: BuildOrder, place: Place, kickstart: Kickstart, remarks: tuple[Remark, ...]
) -> Preview:
    hardware = machine(order, place.accelerator, network=place.settings.network)
    names = _names(order, place.settings, iso_pool=place.iso_pool, store_pool=place.store_pool)
    plan = install_plan(
        order.name,
        hardware,
        nonce="",
        disk=names.disk,
        media=_media(order, names.overlay),
        traces=names.traces,
    )
    return Preview(
        preflight=remarks,
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


def _likely(settings: Settings, monitor: Monitor) -> Place:
    """Return what guests run on, and where the pools are, so far as that can be told."""
    place = Place(
        settings=settings,
        accelerator=_ASSUMED,
        iso_pool=settings.iso_pool_path,
        store_pool=settings.store_pool_path,
        known=False,
    )
    try:
        with connect(settings.uri) as connection:
            absent = networks.absence(connection, settings.network, "The build could not run")
            iso, store = (_folder(connection, settings, each, monitor) for each in pools.BOTH)
            place = replace(place, iso_pool=iso, store_pool=store, absent=absent)
            return replace(place, accelerator=accelerator(connection), known=True)
    except HostError as error:
        monitor.tell("warning", f"{error.message} The preview assumes a host with KVM and UEFI.")
    return place


def _folder(
    connection: Connection, settings: Settings, setting: pools.Setting, monitor: Monitor
) -> Path:
    try:
        return pools.found(connection, settings, setting).path
    except HostError as error:
        path: Path = getattr(settings, f"{setting}_path")
        monitor.tell("warning", f"{error.message} The preview assumes {path}. {error.hint}")
        return path
