"""Boot two throw-away clones of a template at once: do both come up, as two machines?"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from builder.errors import HostError, TemplateError
from builder.install.plan import started
from builder.model.audit import Finding
from builder.model.domain import CLONE_PORT, Channel, Disk, DomainSpec, Machine
from builder.model.installation import Deadlines
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.proof import user_checks
from builder.proof.again import once_more
from builder.proof.boot import Boot, LateDeviceError
from builder.proof.clone_report import compare
from builder.proof.user_checks import SshAccess
from builder.registry.image import virtual_size
from builder.virt import domains, follow, screens, volumes
from builder.virt.connection import Connection, twin
from builder.virt.domain_xml import domain_xml
from builder.virt.latest import Latest
from builder.virt.listen import listen

_GROWN = 1 << 30
_SSH = 22


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """How clones are tried."""

    pool: str
    """Where their overlays are made."""
    deadlines: Deadlines
    """What they must keep to until their login prompts."""
    traces: Traces
    """What they are named by; its folder is for their logs."""
    access: SshAccess | None = None
    """How the first one is entered, and what for."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What the clones showed."""

    boot_seconds: float
    """From power-on until it was up, of the slower one."""
    findings: tuple[Finding, ...]
    late: tuple[str, ...] = ()
    """Units that took longer than systemd lets them."""


class _Clone(NamedTuple):
    """One that is about to boot."""

    domain: domains.Domain
    boot: Boot

    def start(self) -> None:
        domains.resume(self.domain)
        self.boot.begin()


def machines(machine: Machine, boots: str) -> tuple[Machine, Machine]:
    """Return the machines of both clones, for an image that `boots` with bios, uefi or hybrid."""
    return (machine, started(machine, "bios") if boots == "hybrid" else machine)


def verify(
    image: Path,
    pair: tuple[Machine, Machine],
    *,
    connection: Connection,
    trial: Trial,
    monitor: Monitor,
) -> Verified:
    """Boot two clones of `image` at once, one of them on a larger disk, and compare them.

    `pair` are the machines that they run on.

    Raises TemplateError when one does not come up, HostError when it could not be tried, twice.
    What is wrong with clones that do come up is among the findings. A unit that took too long, or a
    device that came too late, may have had too little of a busy host: it gets a second boot.
    """
    boot_both = partial(
        _boot_both, image, pair, connection=connection, trial=trial, monitor=monitor
    )
    try:
        verified = once_more(boot_both, monitor=monitor)
    except LateDeviceError as error:
        monitor.tell("warning", f"{error.message} A device came too late: they are booted again.")
        verified = once_more(boot_both, monitor=monitor)
    if verified.late:
        late = ", ".join(verified.late)
        monitor.tell("warning", f"{late} took too long in a clone. The clones are booted again.")
        verified = once_more(boot_both, monitor=monitor)
    return verified


def _boot_both(
    image: Path,
    pair: tuple[Machine, Machine],
    *,
    connection: Connection,
    trial: Trial,
    monitor: Monitor,
) -> Verified:
    differences = (
        _Difference("a", pair[0], 0, trial.access),
        _Difference("b", pair[1], _GROWN, None),
    )
    with ExitStack() as undo:
        clones = [
            undo.enter_context(_clone(image, each, connection=connection, trial=trial))
            for each in differences
        ]
        for clone in clones:
            clone.start()
        first, second = boots = [clone.boot for clone in clones]
        _until_done(boots, monitor)
        findings = compare(first.report, second.report, grown=_GROWN, machines=pair)
        if trial.access:
            findings += (_checked(clones[0], pair[0], trial.access),)
    late = sorted({unit for boot in boots for unit in boot.report.all("late-unit")})
    seconds = max(boot.seconds for boot in boots)
    return Verified(boot_seconds=seconds, findings=findings, late=tuple(late))


class _Difference(NamedTuple):
    """What one of the clones has of its own."""

    letter: str
    machine: Machine
    more: int
    """Bytes that its disk is larger."""
    access: SshAccess | None


def _checked(clone: _Clone, machine: Machine, access: SshAccess) -> Finding:
    """Run the profile's checks. In user mode the host gets a port that leads to the guest's ssh."""
    if machine.network == "user":
        address, port = "127.0.0.1", domains.forward(clone.domain, _SSH)
    else:
        address, port = "".join(clone.boot.report.all("address")[:1]), _SSH
    return user_checks.run(access, clone.boot.report, address=address, port=port)


@contextmanager
def _clone(
    image: Path, own: _Difference, *, connection: Connection, trial: Trial
) -> Iterator[_Clone]:
    spec = _spec(image, own, traces=trial.traces)
    follow.remove(spec.logs.values())  # of a check that was killed
    # libvirt tells of the loss of a connection once: each listener needs one of its own.
    with (
        twin(connection) as line,
        _overlay(line, trial.pool, image, name=f"{spec.name}.qcow2", more=own.more) as disk,
    ):
        spec = replace(spec, disks=(Disk(path=disk, boot_order=1), *_key_disk(own.access)))
        with (
            domains.paused(line, domain_xml(spec)) as domain,
            listen(domain, logs=spec.logs) as signals,
            Latest(domains.activity, domain) as activity,
        ):
            boot = Boot(
                spec.console_log.stem, signals, trial.deadlines, vital=lambda: activity.value
            )
            try:
                yield _Clone(domain, boot)
            except TemplateError:
                screens.screenshot(domain, spec.console_log.with_suffix(""))
                raise


def _key_disk(access: SshAccess | None) -> tuple[Disk, ...]:
    """Return the key's medium, as a disk: kernels made for clouds know no SATA CD drives."""
    if access is None:
        return ()
    return (Disk(path=access.key_iso, format="raw", boot_order=2, readonly=True),)


def _spec(image: Path, own: _Difference, *, traces: Traces) -> DomainSpec:
    report = traces.folder / f"clone-{own.letter}-report.log"
    return DomainSpec(
        name=traces.domain(f"check-{own.letter}"),
        title=f"Check of a clone of {image.name}",
        machine=own.machine,
        maker=traces,
        disks=(),
        console_log=traces.folder / f"clone-{own.letter}.log",
        channels=(Channel(name=CLONE_PORT, log=report),),
        reboots=True,  # shim's fallback does, on the first boot of a machine with a TPM
    )


@contextmanager
def _overlay(
    connection: Connection, pool: str, image: Path, *, name: str, more: int
) -> Iterator[Path]:
    # Capacity 0: an overlay is as large as what it covers.
    capacity = virtual_size(image) + more if more else 0
    volume = volumes.create(connection, pool, name, capacity=capacity, backing=image)
    try:
        yield volume.path
    except BaseException:
        with suppress(HostError):  # the first failure is the one to tell
            volumes.delete(connection, pool, name)
        raise
    volumes.delete(connection, pool, name)


def _until_done(boots: list[Boot], monitor: Monitor) -> None:
    while not all(boot.done for boot in boots):
        for boot in boots:
            try:
                boot.hear()
            except TemplateError as error:
                monitor.tell("failure", error.message, source=boot.name, line=boot.line)
                raise
