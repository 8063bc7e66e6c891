"""The recipe: one release and profile in, one published template out. Steps meet only here."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from builder.dossier import page as dossier
from builder.errors import HostError
from builder.host import cleanup
from builder.host.host import Hypervisor
from builder.model.build import BuildOrder
from builder.model.installation import Installation
from builder.model.media import InstallMedia
from builder.model.storage import Volume
from builder.model.template import Built, ImageFacts, Template
from builder.monitor import Monitor
from builder.proof.checks import refuse
from builder.proof.verify import Verified
from builder.recipes import steps
from builder.recipes.steps import Audited, Inputs
from builder.recipes.work import DEFAULT, Asked, How, Work
from builder.record.journal import Journal
from builder.registry.registry import Registry

_ASKED = "order"


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
        cleanup.clear(on, journal.build_id, keep=_finished(work), monitor=monitor)
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
    with cleanup.cleared(work.on, journal.build_id, keep=asked.how.keep, monitor=work.monitor):
        inputs = steps.prepare(work)
        registry = Registry(work.on.store_pool.path)
        same = registry.unchanged(asked.order.name, key=inputs.record.build_key)
        begun = journal.results.get(
            steps.REMASTER, InstallMedia
        )  # to be finished whatever is there
        if same is not None and not begun and not asked.how.force:
            journal.discard()
            return Built(template=same, fresh=False)
        template = _make(inputs, work)
        journal.finish(version=template.version)
        return Built(
            template=template, fresh=True, folder=journal.folder, steps=journal.record.steps
        )


def _make(inputs: Inputs, work: Work) -> Template:
    step, record = work.journal.step, inputs.record
    media = step(steps.REMASTER, InstallMedia, partial(steps.remaster_iso, inputs, work))
    disk = step(steps.DISK, Volume, partial(steps.create_disk, work))
    plan = steps.plan(record, media, disk, work)
    done = step("Installing", Installation, partial(steps.run_installation, plan, record, work))
    audited = step("Auditing the disk", Audited, partial(steps.audit_installed, inputs, disk, work))
    refuse(audited.findings)
    image = step(steps.COMPRESS, ImageFacts, partial(steps.compress_disk, disk, work))
    clones = step("Booting two clones", Verified, partial(steps.boot_clones, record, work))
    refuse(clones.findings)
    record = replace(
        record,
        domain_xml=done.domain_xml,
        packages=done.packages,
        system=done.system,
        phases=done.phases,
        audit=audited.findings,
        boot_seconds=clones.boot_seconds,
        clones=clones.findings,
    )
    return step("Publishing", Template, partial(steps.publish_image, record, image, work))


def _finished(work: Work) -> set[str]:
    """Return what steps that were finished made; the guest of an installation counts as such."""
    results = work.journal.results
    made = {work.domain}
    if media := results.get(steps.REMASTER, InstallMedia):
        made.add(str(media.path))
    if disk := results.get(steps.DISK, Volume):
        made.add(str(disk.path))
    if results.get(steps.COMPRESS, ImageFacts):
        made.add(str(work.candidate))
    return made
