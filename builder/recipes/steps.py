"""The steps of a build, each from what earlier ones came to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec.structs import replace

from builder.install.plan import install_plan, machine
from builder.install.run import install
from builder.iso.copy import shares_blocks
from builder.kickstart.secrets import mask
from builder.media import data_iso
from builder.media.edits import Wishes
from builder.media.remaster import remaster
from builder.model.audit import Finding
from builder.model.installation import Installation, InstallPlan, Limits
from builder.model.kickstart import Kickstart
from builder.model.media import InstallMedia, StagedIso
from builder.model.storage import Volume
from builder.model.template import ImageFacts, Manifest, Template
from builder.proof import checks
from builder.proof.user_checks import CARD, Door, make_key
from builder.proof.verify import Trial, Verified, verify
from builder.recipes.audit import audit_disk
from builder.recipes.inputs import expected, rendered, staged, waived
from builder.recipes.work import Work
from builder.registry.compress import compress
from builder.registry.image import measure
from builder.registry.manifest import build_key, draft, rfc3339, tools
from builder.registry.publish import publish
from builder.registry.registry import Registry, manifest
from builder.virt import volumes
from builder.virt.domain_xml import domain_xml

REMASTER, DISK, COMPRESS = "Remastering the ISO", "Creating the disk", "Compressing the image"
"""Titles of the steps that make something on the host."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that goes into a template, and the record that begins with it."""

    iso: StagedIso
    kickstart: Kickstart
    record: Manifest


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit found."""

    findings: tuple[Finding, ...]


def prepare(work: Work) -> Inputs:
    """Render and lint the kickstart, stage the ISO, and begin the record."""
    order, journal = work.order, work.journal
    hardware = machine(order, work.on.accelerator, network=work.on.settings.network)
    kickstart = journal.step(
        "Rendering the kickstart", Kickstart, partial(rendered, order, nonce=work.asked.nonce)
    )
    iso = journal.step(
        f"Staging {order.iso.name if order.iso else order.medium.file}",
        StagedIso,
        partial(staged, order, on=work.on, monitor=work.monitor),
    )
    unique = kickstart.text.replace(work.asked.nonce, "")
    record = draft(
        order,
        iso,
        kickstart=mask(kickstart.text, order.options.secrets),
        machine=hardware,
        key=build_key(order, iso_sha256=iso.sha256, kickstart=unique),
        build_id=journal.build_id,
    )
    record = replace(record, expected=expected(order))
    return Inputs(iso=iso, kickstart=kickstart, record=record)


def remaster_iso(inputs: Inputs, work: Work) -> InstallMedia:
    """Put kickstart and ISO together on the build's medium."""
    overlay = not shares_blocks(work.on.iso_pool.path)
    return remaster(
        inputs.iso.path,
        Wishes(kickstart=inputs.kickstart.text, append=work.order.release.installer_args),
        output=work.medium("qcow2" if overlay else "iso"),
        overlay=overlay,
        monitor=work.monitor,
    )


def create_disk(work: Work) -> Volume:
    """Create what is installed to."""
    name, pool = work.disk.name, work.on.store_pool.name
    return volumes.create(work.on.connection, pool, name, capacity=work.order.capacity)


def plan(record: Manifest, media: InstallMedia, disk: Volume, work: Work) -> InstallPlan:
    """Plan the domain that installs."""
    return install_plan(
        work.domain,
        record.machine,
        nonce=work.asked.nonce,
        disk=disk.path,
        media=media,
        evidence=work.journal.folder,
    )


def run_installation(plan: InstallPlan, record: Manifest, work: Work) -> Installation:
    """Install, and watch until the guest has said how it went."""
    work.journal.write("kickstart.ks", record.kickstart)
    work.journal.write("domain.xml", domain_xml(plan.domain))
    known = Registry(work.on.store_pool.path).newest(work.order.name)
    limits = Limits(
        deadlines=work.on.settings.deadlines, expected=manifest(known).phases if known else {}
    )
    return install(plan, work.on.connection, limits=limits, monitor=work.monitor)


def audit_installed(inputs: Inputs, disk: Volume, work: Work) -> Audited:
    """Look at every file of the finished disk."""
    found = audit_disk(
        disk,
        inputs.record.expected,
        medium=inputs.iso.path,
        machine=inputs.record.machine,
        on=work.on,
        evidence=work.journal.folder / "audit",
    )
    return Audited(findings=_judged(found, work, file="audit.json"))


def _judged(findings: tuple[Finding, ...], work: Work, *, file: str) -> tuple[Finding, ...]:
    """Waive what the order waives, keep all of it as evidence, and say what is waived."""
    judged = checks.waive(findings, waived(work.order))
    work.journal.write(file, msgspec.json.format(msgspec.json.encode(judged)).decode())
    for each in judged:
        if each.waived:
            work.monitor.warn(f"waived: {each.check}: {each.details[0]}")
    return judged


def compress_disk(disk: Volume, work: Work) -> ImageFacts:
    """Make the image that is published."""
    compress(disk.path, work.candidate, compression=work.order.compression, monitor=work.monitor)
    return measure(work.candidate)


def boot_clones(record: Manifest, work: Work) -> Verified:
    """Boot two clones of the image, and compare them."""
    with _door(work) as door:
        trial = Trial(
            pool=work.on.store_pool.name,
            minutes=work.on.settings.boot_minutes,
            evidence=work.journal.folder,
            door=door,
        )
        found = verify(work.candidate, record.machine, connection=work.on.connection, trial=trial)
    return replace(found, findings=_judged(found.findings, work, file="clones.json"))


@contextmanager
def _door(work: Work) -> Iterator[Door | None]:
    """Make a key, and the medium that brings it to a clone, if the profile has checks."""
    if not work.order.profile.checks:
        yield None
        return
    card = work.on.store_pool.path / f".{work.journal.build_id}.card.iso"
    with TemporaryDirectory(prefix="builder-") as folder:
        key, public = make_key(Path(folder))
        data_iso.write(CARD, {"authorized_keys": public}, card, when=datetime.now(UTC))
        try:
            yield Door(key=key, card=card, checks=work.order.profile.checks)
        finally:
            card.unlink(missing_ok=True)


def publish_image(record: Manifest, image: ImageFacts, work: Work) -> Template:
    """Give the image its name and version."""
    journal = work.journal
    now = datetime.now(UTC)
    record = replace(
        record,
        steps=journal.record.steps,
        tools=tools(work.on.connection),
        finished=rfc3339(now),
    )
    template = publish(work.candidate, record, image, today=now.date())
    journal.write("manifest.json", template.manifest.read_text())
    journal.link(template.path)
    return template
