"""The recipe: one release and profile in, one published template out. Steps meet only here."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec.structs import replace

from builder.attest import signing
from builder.attest.keys import EMPTY, Keyring
from builder.errors import BuilderError, HostError
from builder.host import cleanup
from builder.host.host import Host
from builder.install.plan import machine
from builder.kickstart.hiding import hiding
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart
from builder.model.media import StagedIso
from builder.model.storage import Volume
from builder.model.template import Built, Manifest, Template
from builder.monitor import Monitor
from builder.proof.checks import refuse
from builder.recipes import ending, evidence, inputs, joining, preflight, remarks, steps
from builder.recipes.freshness import Basis, Verdict, decide
from builder.recipes.work import DEFAULT, BuildOptions, Ticket, Work
from builder.record import artifacts
from builder.record.checkpoint import Checkpoint, foreign
from builder.record.journal import Journal
from builder.registry import manifest
from builder.registry.registry import Registry
from builder.virt import networks


def build(
    order: BuildOrder,
    *,
    host: Host,
    options: BuildOptions = DEFAULT,
    keyring: Keyring = EMPTY,
    monitor: Monitor,
) -> Built:
    """Build and publish one template; when nothing changed since the newest, return that.

    Raises the BuilderError of the step that failed; nothing but its evidence is left then, or what
    `options` say.
    """
    remarks.refuse(preflight.examine(order, _place(host)), monitor=monitor)
    host = host.prepared()
    ticket = Ticket(order=order, nonce=secrets.token_hex(16), options=options)
    place = host.settings.builds
    journal = Journal.begin(place, order.name, events=options.events, monitor=monitor)
    work = _work(ticket, host, journal, keyring=keyring)
    with _documented(journal, host):
        ticket.keep(journal.checkpoint)
        return carry_out(work)


def attach(
    folder: Path,
    *,
    host: Host,
    options: BuildOptions = DEFAULT,
    keyring: Keyring = EMPTY,
    monitor: Monitor,
) -> Built:
    """Go on with the build in `folder`, which was killed or stopped, and finish it.

    Its installation has gone on meanwhile and is joined; steps that were finished are not done
    again. Of `options`, events and sign count here; the others are the build's own. Raises
    UsageError for a build that has ended, HostError for one that somebody is on and for one that
    cannot be joined.
    """
    journal = Journal.join(folder, events=options.events, monitor=monitor)
    with journal.alone():
        # First of all what may be refused: a build that cannot be joined stays as it is.
        ticket = Ticket.of(journal.checkpoint)
        if options.sign:
            ticket = replace(ticket, options=replace(ticket.options, sign=options.sign))
        work = _work(ticket, host, journal, keyring=keyring)
        finished = _finished(work)
        _refuse_lost(journal)
        work = replace(work, host=host.prepared())
        ticket.keep(journal.checkpoint)
        with _documented(journal, host):
            cleanup.clear(host, journal.traces, keep=finished, monitor=monitor)
            return carry_out(work)


def signing_key(folder: Path) -> Path | None:
    """Return the key that the build in `folder` is to be signed with, if there is one."""
    with suppress(HostError):
        return Ticket.of(Checkpoint.read(folder)).options.sign
    return None


def carry_out(work: Work) -> Built:
    """Do the whole of a build, or what is left of it."""
    with ending.cleared(work):
        kickstart = steps.render_kickstart(work)
        work.journal.monitor.hide = hiding(kickstart.text)
        iso = steps.stage_iso(work, kickstart)
        basis = _basis(work, kickstart, iso)
        if kept := basis.verdict.kept:
            work.journal.discard()
            return _signed(work, Built(template=kept, fresh=False, reason=basis.verdict.reason))
        record = _draft(work, kickstart, iso, basis)
        disk, record = produce(work, kickstart, iso, record)
        template = _proved_and_published(work, kickstart, iso, disk, record)
        work.journal.finish(version=template.version)
        done, folder = work.journal.record.steps, work.journal.folder
        reason = basis.verdict.reason
        return Built(template=template, fresh=True, reason=reason, folder=folder, steps=done)


def produce(
    work: Work, kickstart: Kickstart, iso: StagedIso, record: Manifest
) -> tuple[Volume, Manifest]:
    """Return the disk, by installing to it, and the record with what the guest told of it."""
    media = steps.remaster_iso(work, iso, kickstart)
    disk = steps.create_disk(work)
    done = steps.run_installation(work, media, disk)
    told = {"packages": done.packages, "system": done.system, "phases": done.phases}
    return disk, replace(record, domain_xml=done.domain_xml, **told)


def _proved_and_published(
    work: Work, kickstart: Kickstart, iso: StagedIso, disk: Volume, record: Manifest
) -> Template:
    audited = steps.audit_installed(work, iso, kickstart, disk)
    refuse(audited.findings)
    candidate = steps.compress_disk(work, disk)
    clones = steps.boot_clones(work, kickstart, candidate)
    proof = {"audit": audited.findings, "clones": clones.findings}
    record = replace(record, boot_seconds=clones.boot_seconds, **proof)
    return steps.publish_image(work, candidate, record)


def _place(host: Host) -> preflight.Place:
    network = host.settings.network
    return preflight.Place(
        settings=host.settings,
        accelerator=host.accelerator,
        iso_pool=host.iso_pool.path,
        store_pool=host.store_pool.path,
        absent=networks.absence(host.connection, network, "The build could not run"),
    )


def _draft(work: Work, kickstart: Kickstart, iso: StagedIso, basis: Basis) -> Manifest:
    begun = manifest.draft(
        work.order,
        manifest.origin(work.order, iso),
        kickstart,
        machine=work.machine,
        traces=work.journal.traces,
        repositories=basis.repositories,
    )
    return replace(begun, expected=inputs.expected(work.order, kickstart))


def _basis(work: Work, kickstart: Kickstart, iso: StagedIso) -> Basis:
    """Return what the build goes by; one that has begun is finished as it was judged then."""
    checkpoint = work.journal.checkpoint
    if steps.remaster_iso.result(checkpoint):  # an older version's has kept no basis
        return Basis.of(checkpoint) or Basis(repositories=(), verdict=Verdict(reason=""))
    found = decide(
        work.order,
        kickstart,
        iso.sha256,
        registry=Registry(work.host.store_pool.path),
        options=work.ticket.options,
        monitor=work.monitor,
    )
    if not found.verdict.kept:
        work.monitor.tell("note", f"reason: {found.verdict.reason}")
        found.keep(checkpoint)
    return found


def _signed(work: Work, kept: Built) -> Built:
    """Sign a template that is there already, unless that is not wanted."""
    if work.key:
        with work.monitor.step(f"Signing {kept.template.path.name}"):
            signing.sign(
                kept.template,
                work.key,
                builds=work.host.settings.builds,
                monitor=work.monitor,
            )
    return kept


def _work(ticket: Ticket, host: Host, journal: Journal, *, keyring: Keyring) -> Work:
    hardware = machine(ticket.order, host.accelerator, network=host.settings.network)
    key = keyring.private(ticket.options.sign) if ticket.options.sign else None
    return Work(ticket=ticket, host=host, journal=journal, machine=hardware, key=key)


def _refuse_lost(journal: Journal) -> None:
    if gone := joining.lost(journal.checkpoint):
        raise HostError(
            f"Nobody can go on with the build {journal.build_id}: {gone}.",
            hint="Is the store pool's disk mounted? `builder gc --kept` clears what is left.",
        )


def _finished(work: Work) -> set[str]:
    """Return what steps that were finished made; the guest of an installation counts as such.

    Raises HostError where that is a file that they do not make: it would be written or renamed.
    """
    pools = {"iso_pool": work.names.iso_pool, "store_pool": work.names.store_pool}
    ours = work.journal.traces.files(**pools)
    made = {work.names.domain}
    for step in steps.STEPS:
        path = getattr(step.result(work.journal.checkpoint), "path", None)
        shared = step in (steps.stage_iso, steps.publish_image)
        if path and path not in ours and not (shared and path.parent in pools.values()):
            raise foreign()
        made.update([str(path)] if path else [])
    return made


@contextmanager
def _documented(journal: Journal, host: Host) -> Iterator[None]:
    """Keep the journal for the block; at its end put all that is known where people look."""
    try:
        with journal:
            yield
    except BuilderError as error:
        error.evidence = journal.folder if journal.folder.exists() else None
        raise
    finally:
        if journal.folder.exists():
            evidence.write_up(journal)
            artifacts.link(host.settings.artifacts, journal.folder, monitor=journal.monitor)
