"""The steps of a build, in the order of the recipe, each from what earlier ones came to."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from builder.attest import keys, signing
from builder.attest.keys import PrivateKey
from builder.errors import BuilderError
from builder.install.plan import install_plan
from builder.install.progress import filled
from builder.install.run import install
from builder.install.told import told
from builder.iso.copy import shares_blocks
from builder.kickstart.masking import mask
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.audit import Finding
from builder.model.installation import Installation, Limits
from builder.model.kickstart import Kickstart
from builder.model.media import InstallMedia, StagedIso
from builder.model.storage import Volume
from builder.model.template import INSTALLING, ImageFacts, Manifest, Template
from builder.model.text import rfc3339
from builder.monitor import Monitor
from builder.proof import checks, user_checks, verify
from builder.proof.again import once_more
from builder.proof.verify import Verified
from builder.recipes import inputs
from builder.recipes.audit import BLOCK, audit_disk
from builder.recipes.work import Step, Work, step
from builder.record import events
from builder.registry.compress import compress
from builder.registry.image import measure
from builder.registry.manifest import tools
from builder.registry.publish import clock_warning, publish
from builder.registry.registry import Registry, manifest
from builder.virt import volumes
from builder.virt.domain_xml import domain_xml

CHECKS = "checks"
"""Where in the build's folder a profile's checks are while they run."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit found."""

    findings: tuple[Finding, ...]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """The image before it is published."""

    path: Path
    image: ImageFacts


@step(
    "Rendering the kickstart",
    "{order.kickstart.name}, profile {order.profile.name}, checked as {order.release.syntax}",
)
def render_kickstart(work: Work) -> Kickstart:
    """Fill in the kickstart, and refuse what is wrong in it or not on a medium at hand."""
    return inputs.rendered(work.order, medium=_at_hand(work), monitor=work.monitor)


@step("Staging {order.iso.title}", "{order.iso} into {names.iso_pool}")
def stage_iso(work: Work, kickstart: Kickstart) -> StagedIso:
    """Bring the ISO into the iso pool, verified; what was fetched may lack packages."""
    fetched = _at_hand(work) is None
    iso = inputs.staged(work.order, host=work.host, monitor=work.monitor)
    if fetched:
        found = inputs.lacking(work.order, kickstart, iso.path)
        inputs.judge(kickstart, found, monitor=work.monitor)
    return iso


def _at_hand(work: Work) -> Path | None:
    return inputs.at_hand(work.order, work.host.iso_pool.path, work.host.settings.cache)


@step(
    "Remastering the ISO", "{names.overlay}, an overlay on it; {names.iso} where blocks are shared"
)
def remaster_iso(work: Work, iso: StagedIso, kickstart: Kickstart) -> InstallMedia:
    """Put kickstart and ISO together on the build's medium."""
    # First of all: an interrupted build with evidence keeps its folder, by which gc finds the rest.
    work.journal.write("kickstart.ks", mask(kickstart.text))
    overlay = not shares_blocks(work.host.iso_pool.path)
    return remaster(
        iso.path,
        Edits(
            kickstart=kickstart.for_build(work.ticket.nonce),
            append=(*work.order.release.installer_args, *work.machine.kernel_args),
            firmware=work.machine.firmware,
        ),
        output=work.names.overlay if overlay else work.names.iso,
        overlay=overlay,
        monitor=work.monitor,
    )


@step("Creating the disk", "{names.disk}, {order.capacity_gib} GiB")
def create_disk(work: Work) -> Volume:
    """Create what is installed to."""
    pool, name = work.host.store_pool.name, work.names.disk.name
    return volumes.create(
        work.host.connection, pool, name, capacity=work.order.capacity, cluster=BLOCK
    )


@step(
    INSTALLING,
    "{names.domain} with {machine.virt_type}, {machine.start}, CPU {machine.cpu}, "
    "{machine.memory_mib} MiB, {machine.processors}, network {machine.network}",
)
def run_installation(work: Work, media: InstallMedia, disk: Volume) -> Installation:
    """Install, and watch until the guest has said how it went."""
    plan = install_plan(
        work.order.name,
        work.machine,
        nonce=work.ticket.nonce,
        disk=disk.path,
        media=media,
        traces=work.journal.traces,
    )
    seconds = (datetime.now(UTC) - work.journal.traces.began).total_seconds()
    happened = events.read(work.journal.folder / events.FILE)
    plan = replace(plan, told=told(happened, now=seconds))
    work.journal.write("domain.xml", domain_xml(plan.domain))
    limits = Limits(deadlines=work.host.settings.deadlines, expected=_phases(work))
    return install(plan, work.host.connection, limits=limits, monitor=work.monitor)


@step("Auditing the disk", "every file of it, read by the installer of {order.release.name}")
def audit_installed(work: Work, iso: StagedIso, kickstart: Kickstart, disk: Volume) -> Audited:
    """Look at every file of the finished disk."""
    traces = work.journal.traces
    audit = partial(
        audit_disk,
        disk,
        inputs.expected(work.order, kickstart),
        medium=iso.path,
        machine=work.machine,
        host=work.host,
        traces=replace(traces, folder=traces.folder / "audit"),
    )
    found = once_more(audit, monitor=work.monitor)
    return Audited(findings=_judged(work, kickstart, found, file="audit.json"))


@step("Compressing the image", "with {order.compression}, as {names.candidate}")
def compress_disk(work: Work, disk: Volume) -> Candidate:
    """Make the image that is published."""
    path = work.names.candidate
    compress(disk.path, path, compression=work.order.compression, monitor=work.monitor)
    return Candidate(path=path, image=measure(path))


@step("Booting two clones", "{order.trial}, one of them on a larger disk")
def boot_clones(work: Work, kickstart: Kickstart, candidate: Candidate) -> Verified:
    """Boot two clones of the image, and compare them.

    What does not pass ends the step, so that it is not taken for finished: it can be tried again.
    """
    names, folder = work.names, work.journal.folder / CHECKS
    with user_checks.entered(work.order.checks, key_iso=names.key_iso, folder=folder) as access:
        trial = verify.Trial(
            pool=work.host.store_pool.name,
            deadlines=work.host.settings.boot_deadlines,
            traces=work.journal.traces,
            access=access,
        )
        found = verify.verify(
            candidate.path,
            verify.machines(work.machine, work.order.firmware),
            connection=work.host.connection,
            trial=trial,
            monitor=work.monitor,
        )
    judged = _judged(work, kickstart, found.findings, file="clones.json")
    checks.refuse(judged)
    return replace(found, findings=judged)


@step("Publishing", "{names.store_pool}/{order.name}-YYYYMMDD.N.qcow2")
def publish_image(work: Work, candidate: Candidate, record: Manifest) -> Template:
    """Give the image its name and version."""
    journal = work.journal
    now = datetime.now(UTC)
    record = replace(
        record,
        steps=journal.record.steps,
        tools=tools(work.host.connection),
        finished=rfc3339(now),
    )
    seal = partial(_sign, key=work.key, monitor=work.monitor) if work.key else None
    template = publish(candidate.path, record, candidate.image, today=now.date(), seal=seal)
    if warning := clock_warning(template.version, now.date()):
        work.monitor.tell("warning", warning)
    journal.write("manifest.json", template.manifest.read_text())
    journal.link(template.path)
    if work.key:
        signing.copy(template, journal.folder)
    return template


def _sign(template: Template, *, key: PrivateKey, monitor: Monitor) -> None:
    path = signing.write(template, key)
    monitor.tell("note", f"signed by {keys.identity(key.public_key())}: {path}")


def _phases(work: Work) -> dict[str, float]:
    """Return what the phases of the newest template of that name took, in seconds."""
    with suppress(BuilderError):  # whatever is damaged: it is a guess at best
        if newest := Registry(work.host.store_pool.path).newest(work.order.name):
            record = manifest(newest.template())
            return filled(record.phases, record.install_seconds)
    return {}


def _judged(
    work: Work, kickstart: Kickstart, findings: tuple[Finding, ...], *, file: str
) -> tuple[Finding, ...]:
    """Waive what the order waives, keep all of it as evidence, and say what is waived."""
    judged = checks.waive(findings, inputs.waived(work.order, kickstart))
    work.journal.write(file, msgspec.json.format(msgspec.json.encode(judged)).decode())
    for each in judged:
        if each.waived:
            work.monitor.tell("warning", f"waived: {each.check}: {each.details[0]}")
    return judged


STEPS: tuple[Step[..., Any], ...] = (
    render_kickstart,
    stage_iso,
    remaster_iso,
    create_disk,
    run_installation,
    audit_installed,
    compress_disk,
    boot_clones,
    publish_image,
)
"""All of them, in the order of the recipe."""
