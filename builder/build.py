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
from builder.iso.fetch import fetch
from builder.iso.remaster import remaster
from builder.iso.stage import stage
from builder.journal import Journal
from builder.kickstart.lint import check, lint
from builder.kickstart.render import render
from builder.kickstart.secrets import mask
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart
from builder.model.media import StagedIso
from builder.model.template import Built, Manifest
from builder.monitor import Monitor
from builder.rehearsal.cache import cached
from builder.template.compress import compress
from builder.template.image import measure
from builder.template.manifest import build_key, draft, tools
from builder.template.publish import publish
from builder.template.registry import unchanged
from builder.template.verify import boot_check
from builder.virt import volumes


class _Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that goes into a template, and the record that begins with it."""

    order: BuildOrder
    iso: StagedIso
    kickstart: Kickstart
    nonce: str
    record: Manifest


def build(
    order: BuildOrder, *, on: Hypervisor, force: bool = False, keep: bool = False, monitor: Monitor
) -> Built:
    """Build and publish one template; when nothing changed since the newest, return that.

    `force` builds all the same. Raises the BuilderError of the step that failed; nothing but its
    evidence is left then, or, with `keep`, the failed guest with its disk and medium as well.
    """
    with Journal(on.settings.artifacts, order.name, monitor=monitor) as journal:
        inputs = _prepare(order, on=on, journal=journal, monitor=monitor)
        key = inputs.record.build_key
        if not force and (kept := unchanged(on.store_pool.path, order.name, key=key)):
            journal.discard()
            return Built(template=kept, fresh=False)
        with Cleanup(keep=keep, monitor=monitor) as cleanup:
            return _make(inputs, on=on, journal=journal, cleanup=cleanup, monitor=monitor)


def _prepare(order: BuildOrder, *, on: Hypervisor, journal: Journal, monitor: Monitor) -> _Inputs:
    nonce = secrets.token_hex(16)
    hardware = machine(order, on.accelerator, network=on.settings.network)
    with journal.step("Rendering the kickstart"):
        kickstart = rendered(order, nonce=nonce)
    with journal.step(f"Staging {order.iso.name if order.iso else order.medium.file}"):
        iso = staged(order, on=on, monitor=monitor)
    record = draft(
        order,
        iso,
        kickstart=mask(kickstart.text, order.options.secrets),
        machine=hardware,
        key=build_key(order, iso_sha256=iso.sha256, kickstart=kickstart.text.replace(nonce, "")),
        build_id=journal.build_id,
    )
    return _Inputs(order=order, iso=iso, kickstart=kickstart, nonce=nonce, record=record)


def _make(
    inputs: _Inputs,
    *,
    on: Hypervisor,
    journal: Journal,
    cleanup: Cleanup,
    monitor: Monitor,
) -> Built:
    order, record = inputs.order, inputs.record
    with journal.step("Remastering the ISO"):
        output = on.iso_pool.path / f"{journal.build_id}.iso"
        media = remaster(
            inputs.iso,
            inputs.kickstart.text,
            output=output,
            extra_args=order.release.installer_args,
            monitor=monitor,
        )
        cleanup.add(str(media.path), media.path.unlink)
    with journal.step("Creating the disk"):
        disk = volumes.create(
            on.connection, on.store_pool.name, f"{journal.build_id}.qcow2", capacity=order.capacity
        )
        cleanup.add(str(disk.path), partial(volumes.delete, on.connection, disk.pool, disk.name))
    journal.write("kickstart.ks", record.kickstart)
    with journal.step("Installing"):
        plan = install_plan(
            f"builder-{order.name}-{journal.build_id}",
            record.machine,
            nonce=inputs.nonce,
            disk=disk.path,
            cdrom=media.path,
            evidence=journal.folder,
        )
        if on.settings.uri == SESSION:
            sockets = Path(mkdtemp(prefix="builder-", dir=os.environ.get("XDG_RUNTIME_DIR")))
            cleanup.add(str(sockets), partial(shutil.rmtree, sockets))
            plan = with_sockets(plan, sockets)
        installation = install(
            plan,
            on.connection,
            deadlines=on.settings.deadlines,
            keep=cleanup.keep,
            monitor=monitor,
        )
        journal.write("domain.xml", installation.domain_xml)
    with journal.step("Compressing the image"):
        candidate = disk.path.with_name(f".{journal.build_id}.candidate")
        cleanup.add(str(candidate), partial(candidate.unlink, missing_ok=True))
        compress(disk.path, candidate)
        image = measure(candidate)
    with journal.step("Booting a clone"):
        boot_seconds = boot_check(
            candidate,
            record.machine,
            connection=on.connection,
            pool=on.store_pool.name,
            minutes=on.settings.boot_minutes,
            evidence=journal.folder,
        )
    with journal.step("Publishing"):
        record = replace(
            record,
            domain_xml=installation.domain_xml,
            packages=installation.packages,
            boot_seconds=boot_seconds,
            steps=journal.entry.steps,
            tools=tools(on.connection),
        )
        template = publish(candidate, record, image, today=datetime.now(UTC).date())
        journal.write("manifest.json", template.manifest.read_text())
        journal.link(template.path)
    return Built(template=template, fresh=True, folder=journal.folder, steps=journal.entry.steps)


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
