"""Audit a finished disk, without a tool that this host may lack and without trusting the disk.

The release's own installer reads it, from the medium that the disk was installed from: it knows
the file systems and volume groups that it makes. It gets the disk read-only, and a second one to
write an archive of all files to. Neither the host's kernel nor the guest's programs touch them.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from builder import files
from builder.errors import HangError, HostError, InstallError, MediaError, TemplateError
from builder.host.host import Host
from builder.install.plan import adapted, install_plan
from builder.install.run import install
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.audit import Expected, Finding
from builder.model.domain import Accelerator, Disk, Machine
from builder.model.installation import InstallPlan, Limits
from builder.model.storage import Volume
from builder.model.template import Manifest, Template
from builder.model.traces import Traces
from builder.monitor import Monitor, SilentMonitor
from builder.proof.again import once_more
from builder.proof.audit.freed import NAME as FREED
from builder.proof.audit.freed import freed
from builder.proof.audit.judge import audit
from builder.proof.audit.script import reading_kickstart
from builder.proof.audit.tree import GuestTree
from builder.proof.checks import waive
from builder.proof.verify import Trial, machines, verify
from builder.record import verifications
from builder.registry.image import data_size, refuse_parts
from builder.registry.registry import manifest
from builder.releases.own import gathered
from builder.virt import domains

BLOCK = 4096
"""Bytes of a cluster of the disk that is installed to. A qcow2 forgets whole clusters alone: of
larger ones it would keep what was deleted beside what is in use."""
_ROOM = 256 << 20
"""An archive is smaller than the disk's contents and their headers, but for nearly full disks."""


def audit_disk(
    disk: Volume,
    expected: Expected,
    *,
    medium: Path,
    machine: Machine,
    host: Host,
    traces: Traces,
) -> tuple[Finding, ...]:
    """Return one finding for each check; see `archive_of` for the rest.

    Raises TemplateError when the disk cannot be read.
    """
    with (
        archive_of(disk, medium=medium, machine=machine, host=host, traces=traces) as archive,
        GuestTree.opened(archive) as tree,
    ):
        found = audit(tree, replace(expected, firmware=machine.firmware))
        return (*found, *_freed(tree, disk))


def _freed(tree: GuestTree, disk: Volume) -> Iterator[Finding]:
    """Judge a disk as it was installed; clusters of a published image hold free blocks as well."""
    held = data_size(disk.path, most=BLOCK)
    if held is not None:
        yield freed(tree, allocated=held)


def audit_template(template: Template, *, host: Host, monitor: Monitor) -> tuple[Finding, ...]:
    """Audit a published image; what its build waived stays waived.

    Raises MediaError when the ISO that it was installed from is no longer in the iso pool, and
    TemplateError for an image that needs others.
    """
    refuse_parts(template)
    record = manifest(template)
    medium = host.iso_pool.path / record.origin.file
    if not medium.is_file():
        raise MediaError(
            f"The medium {record.origin.file} that {template.name} was installed from is not in "
            f"the pool {host.iso_pool.name}.",
            hint="Its installer reads the disk: `builder iso fetch` or `iso add` brings it.",
        )
    host = host.prepared()
    disk = Volume(
        pool=host.store_pool.name,
        name=template.path.name,
        path=template.path,
        format="qcow2",
        capacity=template.image.virtual_size,
        allocation=template.image.size,
    )
    with verifications.begun(host.settings.state, monitor=monitor) as traces:
        attempt = partial(
            audit_disk,
            disk,
            record.expected,
            medium=medium,
            machine=reader(record, host.accelerator, emulated_cpu=_least_cpu(record, host)),
            host=host,
            traces=traces,
        )
        found = once_more(attempt, monitor=monitor)
    if said := unseen(found, record):
        monitor.tell("note", said)
    return waive(found, {each.check for each in record.audit if each.waived})


def unseen(found: Iterable[Finding], record: Manifest) -> str:
    """Return what is to be said of the check that a published image has no room for; else empty."""
    if any(each.check == FREED for each in found):
        return ""
    before = next((each for each in record.audit if each.check == FREED), None)
    said = "was not looked at either"
    if before:
        said = "passed" if before.passed else "was waived" if before.waived else "did not pass"
    return (
        f"{FREED} is not looked at: the image is compressed in clusters so large that free blocks "
        f"are in them, too. On the disk that was installed it {said}."
    )


def boot_template(template: Template, *, host: Host, monitor: Monitor) -> tuple[Finding, ...]:
    """Boot two clones of a published image; what its build waived stays waived.

    Raises TemplateError when one does not come up.
    """
    record, host = manifest(template), host.with_store()
    machine = adapted(record.machine, host.accelerator, emulated_cpu=_least_cpu(record, host))
    with verifications.begun(host.settings.state, monitor=monitor) as traces:
        trial = Trial(
            pool=host.store_pool.name, deadlines=host.settings.boot_deadlines, traces=traces
        )
        found = verify(
            template.path,
            machines(machine, record.boots),
            connection=host.connection,
            trial=trial,
            monitor=monitor,
        )
    return waive(found.findings, {each.check for each in record.clones if each.waived})


def _least_cpu(record: Manifest, host: Host) -> str:
    return gathered(host.settings.release_folders).least_cpu(record.release)


def reader(record: Manifest, accelerator: Accelerator, *, emulated_cpu: str) -> Machine:
    """Return the machine that reads a template's disk here; the host may lack what clones need."""
    return adapted(_plain(record.machine), accelerator, emulated_cpu=emulated_cpu)


def _plain(machine: Machine) -> Machine:
    """Return the machine without what is slow to emulate, and proved by clones."""
    return replace(machine, secure_boot=False, tpm=False)


@contextmanager
def archive_of(
    disk: Volume, *, medium: Path, machine: Machine, host: Host, traces: Traces
) -> Iterator[Path]:
    """Make an archive of the disk's files for the block, as builder/proof/audit/tree.py has it.

    `medium` is an ISO of the disk's release. `traces` name what is made on the host for it.
    Raises TemplateError when the disk cannot be read.
    """
    nonce = secrets.token_hex(16)
    archive = traces.hidden(host.store_pool.path, ".tar")
    with ExitStack() as undo:
        undo.callback(archive.unlink, missing_ok=True)
        _reserve(archive, disk.capacity + _ROOM)
        boot = traces.hidden(host.iso_pool.path, ".audit.qcow2")
        undo.callback(boot.unlink, missing_ok=True)
        media = remaster(
            medium,
            Edits(
                kickstart=reading_kickstart(nonce),
                append=machine.kernel_args,
                firmware=machine.firmware,
            ),
            output=boot,
            overlay=True,
            monitor=SilentMonitor(),
        )
        plan = install_plan(
            "audit", _plain(machine), nonce=nonce, disk=disk.path, media=media, traces=traces
        )
        _run(_reading(plan, archive), host)
        yield archive


def _reserve(path: Path, size: int) -> None:
    what = f"Cannot write {path}"
    with files.writing(path.parent, what=what, hint="Is the store pool writable?"):
        files.fresh(path)
        os.truncate(path, size)


def _reading(plan: InstallPlan, archive: Path) -> InstallPlan:
    source = replace(plan.domain.disks[0], readonly=True)
    disks = (source, Disk(path=archive, format="raw", boot_order=3))
    return replace(plan, domain=replace(plan.domain, disks=disks))


def _run(plan: InstallPlan, host: Host) -> None:
    with files.writing(plan.traces.folder):
        plan.traces.folder.mkdir(parents=True, exist_ok=True)
    limits = Limits(deadlines=host.settings.deadlines)
    domain = domains.Domain(name=plan.domain.name, connection=host.connection)
    try:
        install(plan, host.connection, limits=limits, monitor=SilentMonitor())
    except (InstallError, HangError) as error:
        raise TemplateError(
            f"The disk could not be read for its audit: {error.message}",
            hint=f"The logs in {plan.traces.folder} show how far it came.",
        ) from error
    finally:
        with suppress(HostError):  # what is left is cleared by its name
            domains.remove(domain)
