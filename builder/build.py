"""The recipe: one release and profile in, one published template out. Steps meet only here."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import leftovers
from builder.dossier import page as dossier
from builder.errors import HostError
from builder.hypervisor import Hypervisor
from builder.inputs import rendered, staged
from builder.install.plan import install_plan, machine
from builder.install.run import install
from builder.iso.clone import shares_blocks
from builder.iso.prepare import Wishes
from builder.iso.remaster import remaster
from builder.journal import Journal
from builder.kickstart.secrets import mask
from builder.model.build import BuildOrder
from builder.model.installation import Installation, InstallPlan, Limits
from builder.model.kickstart import Kickstart
from builder.model.media import InstallMedia, StagedIso
from builder.model.storage import Volume
from builder.model.template import Built, ImageFacts, Manifest, Template
from builder.monitor import Monitor
from builder.template.compress import compress
from builder.template.image import measure
from builder.template.manifest import build_key, draft, tools
from builder.template.publish import publish
from builder.template.registry import manifest, newest, unchanged
from builder.template.verify import boot_check
from builder.virt import volumes
from builder.virt.domain_xml import domain_xml
from builder.work import DEFAULT, Asked, How, Work

_ASKED = "order"
_REMASTER, _DISK, _COMPRESS = "Remastering the ISO", "Creating the disk", "Compressing the image"


class _Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that goes into a template, and the record that begins with it."""

    iso: StagedIso
    kickstart: Kickstart
    record: Manifest


def build(order: BuildOrder, *, on: Hypervisor, how: How = DEFAULT, monitor: Monitor) -> Built:
    """Build and publish one template; when nothing changed since the newest, return that.

    Raises the BuilderError of the step that failed; nothing but its evidence is left then, or what
    `how` says.
    """
    asked = Asked(order=order, nonce=secrets.token_hex(16), how=how)
    artifacts = on.settings.artifacts
    journal = Journal.begin(artifacts, order.name, events=how.events, monitor=monitor)
    with _documented(journal):
        journal.keep({_ASKED: asked})
        return _carry_out(Work(asked=asked, on=on, journal=journal))


def attach(folder: Path, *, on: Hypervisor, events: Path | None = None, monitor: Monitor) -> Built:
    """Go on with the build in `folder`, whose process was killed, and finish it.

    Its installation has gone on meanwhile and is joined; steps that were finished are not done
    again. Raises UsageError for a build that has ended, HostError for one that somebody is on.
    """
    journal = Journal.join(folder, events=events, monitor=monitor)
    with _documented(journal):
        asked = journal.results.get(_ASKED, Asked)
        if asked is None:
            raise HostError(
                f"The build {journal.build_id} was killed before it had begun.",
                hint="Start it again; `builder gc` clears this one.",
            )
        work = Work(asked=asked, on=on, journal=journal)
        leftovers.clear(on, journal.build_id, keep=_finished(work), monitor=monitor)
        return _carry_out(work)


@contextmanager
def _documented(journal: Journal) -> Iterator[None]:
    """Keep the journal for the block, and at its end put all that is known on one page."""
    try:
        with journal:
            yield
    finally:
        if journal.folder.exists():
            with suppress(HostError):  # a help, which must not hide how the build ended
                dossier.write(journal.folder)


def _carry_out(work: Work) -> Built:
    journal, asked = work.journal, work.asked
    with leftovers.cleared(work.on, journal.build_id, keep=asked.how.keep, monitor=work.monitor):
        inputs = _prepare(work)
        same = unchanged(work.on.store_pool.path, asked.order.name, key=inputs.record.build_key)
        begun = journal.results.get(_REMASTER, InstallMedia)  # to be finished whatever is there
        if same is not None and not begun and not asked.how.force:
            journal.discard()
            return Built(template=same, fresh=False)
        template = _make(inputs, work)
        journal.finish(version=template.version)
        return Built(
            template=template, fresh=True, folder=journal.folder, steps=journal.record.steps
        )


def _prepare(work: Work) -> _Inputs:
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
    return _Inputs(iso=iso, kickstart=kickstart, record=record)


def _make(inputs: _Inputs, work: Work) -> Template:
    step, record = work.journal.step, inputs.record
    media = step(_REMASTER, InstallMedia, partial(_remaster, inputs, work))
    disk = step(_DISK, Volume, partial(_create_disk, work))
    plan = _plan(record, media, disk, work)
    done = step("Installing", Installation, partial(_install, plan, record, work))
    image = step(_COMPRESS, ImageFacts, partial(_compress, disk, work))
    seconds = step("Booting a clone", float, partial(_boot, record, work))
    record = replace(
        record,
        domain_xml=done.domain_xml,
        packages=done.packages,
        phases=done.phases,
        boot_seconds=seconds,
    )
    return step("Publishing", Template, partial(_publish, record, image, work))


def _remaster(inputs: _Inputs, work: Work) -> InstallMedia:
    overlay = not shares_blocks(work.on.iso_pool.path)
    return remaster(
        inputs.iso.path,
        Wishes(kickstart=inputs.kickstart.text, append=work.order.release.installer_args),
        output=work.medium("qcow2" if overlay else "iso"),
        overlay=overlay,
        monitor=work.monitor,
    )


def _create_disk(work: Work) -> Volume:
    name, pool = work.disk.name, work.on.store_pool.name
    return volumes.create(work.on.connection, pool, name, capacity=work.order.capacity)


def _plan(record: Manifest, media: InstallMedia, disk: Volume, work: Work) -> InstallPlan:
    return install_plan(
        work.domain,
        record.machine,
        nonce=work.asked.nonce,
        disk=disk.path,
        media=media,
        evidence=work.journal.folder,
    )


def _install(plan: InstallPlan, record: Manifest, work: Work) -> Installation:
    work.journal.write("kickstart.ks", record.kickstart)
    work.journal.write("domain.xml", domain_xml(plan.domain))
    known = newest(work.on.store_pool.path, work.order.name)
    limits = Limits(
        deadlines=work.on.settings.deadlines, expected=manifest(known).phases if known else {}
    )
    return install(plan, work.on.connection, limits=limits, monitor=work.monitor)


def _compress(disk: Volume, work: Work) -> ImageFacts:
    compress(disk.path, work.candidate)
    return measure(work.candidate)


def _boot(record: Manifest, work: Work) -> float:
    return boot_check(
        work.candidate,
        record.machine,
        connection=work.on.connection,
        pool=work.on.store_pool.name,
        minutes=work.on.settings.boot_minutes,
        evidence=work.journal.folder,
    )


def _publish(record: Manifest, image: ImageFacts, work: Work) -> Template:
    journal = work.journal
    record = replace(record, steps=journal.record.steps, tools=tools(work.on.connection))
    template = publish(work.candidate, record, image, today=datetime.now(UTC).date())
    journal.write("manifest.json", template.manifest.read_text())
    journal.link(template.path)
    return template


def _finished(work: Work) -> set[str]:
    """Return what steps that were finished made; the guest of an installation counts as such."""
    results = work.journal.results
    made = {work.domain}
    if media := results.get(_REMASTER, InstallMedia):
        made.add(str(media.path))
    if disk := results.get(_DISK, Volume):
        made.add(str(disk.path))
    if results.get(_COMPRESS, ImageFacts):
        made.add(str(work.candidate))
    return made
