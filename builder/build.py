"""The recipe: one release and profile in, one published template out. Steps meet only here."""

import os
import secrets
import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from msgspec.structs import replace

from builder.cleanup import Cleanup
from builder.config import SESSION
from builder.hypervisor import Hypervisor
from builder.install.plan import install_plan, machine, with_sockets
from builder.install.run import install
from builder.iso.clone import shares_blocks
from builder.iso.fetch import fetch
from builder.iso.prepare import Wishes
from builder.iso.remaster import remaster
from builder.iso.stage import stage
from builder.journal import Journal
from builder.kickstart.lint import check, lint
from builder.kickstart.render import render
from builder.kickstart.secrets import mask
from builder.model.build import BuildOrder
from builder.model.domain import Cdrom
from builder.model.installation import Installation
from builder.model.kickstart import Kickstart
from builder.model.media import InstallMedia, StagedIso
from builder.model.storage import Volume
from builder.model.template import Built, Manifest, Template
from builder.monitor import Monitor
from builder.rehearsal.cache import cached
from builder.template.compress import compress
from builder.template.image import measure
from builder.template.manifest import build_key, draft, tools
from builder.template.publish import publish
from builder.template.registry import unchanged
from builder.template.verify import boot_check
from builder.virt import pools, volumes
from builder.virt.domain_xml import domain_xml


class _Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that goes into a template, and the record that begins with it."""

    iso: StagedIso
    kickstart: Kickstart
    nonce: str
    record: Manifest


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    """What every step of one build is given."""

    order: BuildOrder
    on: Hypervisor
    journal: Journal
    cleanup: Cleanup
    monitor: Monitor


def build(
    order: BuildOrder, *, on: Hypervisor, force: bool = False, keep: bool = False, monitor: Monitor
) -> Built:
    """Build and publish one template; when nothing changed since the newest, return that.

    `force` builds all the same. Raises the BuilderError of the step that failed; nothing but its
    evidence is left then, or, with `keep`, the failed guest with its disk and medium as well.
    """
    with (
        Journal(on.settings.artifacts, order.name, monitor=monitor) as journal,
        Cleanup(keep=keep, monitor=monitor) as cleanup,
    ):
        work = _Work(order=order, on=on, journal=journal, cleanup=cleanup, monitor=monitor)
        inputs = _prepare(work)
        kept = unchanged(on.store_pool.path, order.name, key=inputs.record.build_key)
        if kept is not None and not force:
            journal.discard()
            return Built(template=kept, fresh=False)
        template = _make(inputs, work)
        return Built(
            template=template, fresh=True, folder=journal.folder, steps=journal.entry.steps
        )


def _prepare(work: _Work) -> _Inputs:
    order, nonce = work.order, secrets.token_hex(16)
    hardware = machine(order, work.on.accelerator, network=work.on.settings.network)
    with work.journal.step("Rendering the kickstart"):
        kickstart = rendered(order, nonce=nonce)
    with work.journal.step(f"Staging {order.iso.name if order.iso else order.medium.file}"):
        iso = staged(order, on=work.on, monitor=work.monitor)
        pools.notice(work.on.connection, iso.pool)
    key = build_key(order, iso_sha256=iso.sha256, kickstart=kickstart.text.replace(nonce, ""))
    public = mask(kickstart.text, order.options.secrets)
    record = draft(
        order, iso, kickstart=public, machine=hardware, key=key, build_id=work.journal.build_id
    )
    return _Inputs(iso=iso, kickstart=kickstart, nonce=nonce, record=record)


def _make(inputs: _Inputs, work: _Work) -> Template:
    journal, record = work.journal, inputs.record
    with journal.step("Remastering the ISO"):
        media = _remaster(inputs, work)
    with journal.step("Creating the disk"):
        disk = _create_disk(work)
    with journal.step("Installing"):
        installation = _install(inputs, media, disk, work)
        record = replace(record, domain_xml=installation.domain_xml, packages=installation.packages)
    with journal.step("Compressing the image"):
        candidate = _compress(disk, work)
        image = measure(candidate)
    with journal.step("Booting a clone"):
        record = replace(record, boot_seconds=_boot(candidate, record, work))
    with journal.step("Publishing"):
        record = replace(record, steps=journal.entry.steps, tools=tools(work.on.connection))
        template = publish(candidate, record, image, today=datetime.now(UTC).date())
        journal.write("manifest.json", template.manifest.read_text())
        journal.link(template.path)
    return template


def _remaster(inputs: _Inputs, work: _Work) -> InstallMedia:
    folder = work.on.iso_pool.path
    overlay = not shares_blocks(folder)
    media = remaster(
        inputs.iso.path,
        Wishes(kickstart=inputs.kickstart.text, append=work.order.release.installer_args),
        output=folder / f"{work.journal.build_id}.{'qcow2' if overlay else 'iso'}",
        overlay=overlay,
        monitor=work.monitor,
    )
    work.cleanup.add(str(media.path), media.path.unlink)
    return media


def _create_disk(work: _Work) -> Volume:
    on, name = work.on, f"{work.journal.build_id}.qcow2"
    disk = volumes.create(on.connection, on.store_pool.name, name, capacity=work.order.capacity)
    work.cleanup.add(str(disk.path), partial(volumes.delete, on.connection, disk.pool, disk.name))
    return disk


def _install(inputs: _Inputs, media: InstallMedia, disk: Volume, work: _Work) -> Installation:
    settings, evidence = work.on.settings, work.journal.folder
    plan = install_plan(
        f"builder-{work.order.name}-{work.journal.build_id}",
        inputs.record.machine,
        nonce=inputs.nonce,
        disk=disk.path,
        cdrom=Cdrom(path=media.path, format=media.format),
        evidence=evidence,
    )
    if settings.uri == SESSION:
        plan = with_sockets(plan, _socket_folder(work.cleanup))
    work.journal.write("kickstart.ks", inputs.record.kickstart)
    work.journal.write("domain.xml", domain_xml(plan.domain))
    return install(
        plan,
        work.on.connection,
        deadlines=settings.deadlines,
        keep=work.cleanup.keep,
        monitor=work.monitor,
    )


def _socket_folder(cleanup: Cleanup) -> Path:
    folder = Path(mkdtemp(prefix="builder-", dir=os.environ.get("XDG_RUNTIME_DIR")))
    cleanup.add(str(folder), partial(shutil.rmtree, folder))
    return folder


def _compress(disk: Volume, work: _Work) -> Path:
    candidate = disk.path.with_name(f".{work.journal.build_id}.candidate")
    work.cleanup.add(str(candidate), partial(candidate.unlink, missing_ok=True))
    compress(disk.path, candidate)
    return candidate


def _boot(candidate: Path, record: Manifest, work: _Work) -> float:
    return boot_check(
        candidate,
        record.machine,
        connection=work.on.connection,
        pool=work.on.store_pool.name,
        minutes=work.on.settings.boot_minutes,
        evidence=work.journal.folder,
    )


def rendered(order: BuildOrder, *, nonce: str) -> Kickstart:
    """Return the order's kickstart. Raises KickstartError when it does not pass the linter."""
    options = replace(order.options, nonce=nonce)
    kickstart = render(order.release, order.profile, options, own=order.kickstarts)
    check(kickstart, lint(kickstart))
    return kickstart


def staged(order: BuildOrder, *, on: Hypervisor, monitor: Monitor) -> StagedIso:
    """Return the order's ISO in the iso pool: a given file, a rehearsal made here, a download."""
    unverified = order.allow_unverified or order.release.made_here
    return stage(
        order.iso or _obtain(order, on=on, monitor=monitor),
        pool=on.iso_pool,
        expected_sha256=None if unverified else order.medium.sha256,
        volume_id=order.release.volume_id,
        monitor=monitor,
    )


def _obtain(order: BuildOrder, *, on: Hypervisor, monitor: Monitor) -> Path:
    if order.release.made_here:
        return cached(on.settings.cache, monitor=monitor)
    return fetch(order.release, order.medium, cache=on.iso_pool.path, monitor=monitor)
