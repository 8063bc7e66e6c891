"""Boot two throw-away clones of a template at once: do both come up, as two machines?"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from builder.errors import HostError, TemplateError
from builder.model.audit import Finding
from builder.model.domain import CLONE_PORT, Channel, Disk, DomainSpec, Machine
from builder.model.installation import Ended, HostTrouble, Output, Signal
from builder.model.text import plain
from builder.model.traces import Traces
from builder.proof import user_checks
from builder.proof.clone_report import Report, compare
from builder.proof.user_checks import SshAccess
from builder.record.terminal import Lines, without_intrusions
from builder.registry.image import virtual_size
from builder.virt import domains, volumes
from builder.virt.connection import Connection, twin
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen

_LOGIN = re.compile(r"^(?!Last )\S+ login:")
_TROUBLE = re.compile(
    r"You are in emergency mode|Entering emergency mode|Kernel panic - not syncing"
    r"|dracut:/#|grub rescue>|No bootable device|Give root password for maintenance"
)
_PROMPT_BYTES = 4096
"""How long a login prompt may be, with what the kernel says in the middle of it."""
_GROWN = 1 << 30
_SSH = 22
_REPORT_SECONDS = 150
"""What the report may take after the login prompt: it waits for slow units and for an address."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """How clones are tried."""

    pool: str
    """Where their overlays are made."""
    minutes: float
    """What they may take to their login prompts."""
    traces: Traces
    """What they are named by; its folder is for their logs."""
    access: SshAccess | None = None
    """How the first one is entered, and what for."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What the clones showed."""

    boot_seconds: float
    """From power-on to the login prompt, of the slower one."""
    findings: tuple[Finding, ...]


class _Clone:
    """One that boots."""

    def __init__(self, domain: domains.Domain, signals: SimpleQueue[Signal]) -> None:
        self.domain = domain
        self.report = Report()
        self.seconds = 0.0
        """Until the login prompt; 0 before."""
        self._signals = signals
        self._console = Lines()
        self._latest = b""
        self._began = time.monotonic()

    def start(self) -> None:
        domains.resume(self.domain)
        self._began = time.monotonic()

    @property
    def done(self) -> bool:
        waited = time.monotonic() - self._began - self.seconds
        return bool(self.seconds) and (self.report.complete or waited > _REPORT_SECONDS)

    def hear(self) -> None:
        """Take in what it said within a moment. Raises TemplateError when that is trouble."""
        with suppress(Empty):
            signal = self._signals.get(timeout=0.1)
            if not isinstance(signal, Output):
                raise _ended(signal)
            if signal.source == CLONE_PORT:
                self.report.feed(signal.data)
            else:
                self._read(signal.data)

    def _read(self, data: bytes) -> None:
        for line in [*self._console.feed(data), self._console.pending()]:
            _refuse_trouble(line)
        self._latest = self._latest[-_PROMPT_BYTES:] + data
        if not self.seconds and _prompts(self._latest):
            self.seconds = time.monotonic() - self._began


def verify(image: Path, machine: Machine, *, connection: Connection, trial: Trial) -> Verified:
    """Boot two clones of `image` at once, one of them on a larger disk, and compare them.

    Raises TemplateError when one does not reach its login prompt in time. What is wrong with
    clones that do is among the findings.
    """
    with ExitStack() as undo:
        clones = [
            undo.enter_context(_clone(image, machine, each, connection=connection, trial=trial))
            for each in (_Difference("a", 0, trial.access), _Difference("b", _GROWN, None))
        ]
        for clone in clones:
            clone.start()
        _until_done(clones, deadline=time.monotonic() + trial.minutes * 60)
        findings = compare(clones[0].report, clones[1].report, grown=_GROWN)
        if trial.access:
            findings += (_checked(clones[0], machine, trial.access),)
    return Verified(boot_seconds=max(clone.seconds for clone in clones), findings=findings)


class _Difference(NamedTuple):
    """What one of the clones has of its own."""

    letter: str
    more: int
    """Bytes that its disk is larger."""
    access: SshAccess | None


def _checked(clone: _Clone, machine: Machine, access: SshAccess) -> Finding:
    """Run the profile's checks. In user mode the host gets a port that leads to the guest's ssh."""
    if machine.network == "user":
        address, port = "127.0.0.1", domains.forward(clone.domain, _SSH)
    else:
        address, port = "".join(clone.report.all("address")[:1]), _SSH
    return user_checks.run(access, clone.report, address=address, port=port)


@contextmanager
def _clone(
    image: Path, machine: Machine, own: _Difference, *, connection: Connection, trial: Trial
) -> Iterator[_Clone]:
    spec = _spec(image, machine, own, traces=trial.traces)
    for log in spec.logs.values():
        log.unlink(missing_ok=True)  # of a check that was killed
    # libvirt tells of the loss of a connection once: each listener needs one of its own.
    with (
        twin(connection) as line,
        _overlay(line, trial.pool, image, name=f"{spec.name}.qcow2", more=own.more) as disk,
    ):
        spec = replace(spec, disks=(Disk(path=disk, boot_order=1), *_key_disk(own.access)))
        with (
            domains.paused(line, domain_xml(spec)) as domain,
            listen(domain, logs=spec.logs) as signals,
        ):
            clone = _Clone(domain, signals)
            try:
                yield clone
            except TemplateError:
                domains.screenshot(domain, spec.console_log.with_suffix(""))
                raise


def _key_disk(access: SshAccess | None) -> tuple[Disk, ...]:
    """Return the key's medium, as a disk: kernels made for clouds know no SATA CD drives."""
    if access is None:
        return ()
    return (Disk(path=access.key_iso, format="raw", boot_order=2, readonly=True),)


def _spec(image: Path, machine: Machine, own: _Difference, *, traces: Traces) -> DomainSpec:
    report = traces.folder / f"clone-{own.letter}-report.log"
    return DomainSpec(
        name=traces.domain(f"check-{own.letter}"),
        title=f"Check of a clone of {image.name}",
        machine=machine,
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


def _until_done(clones: list[_Clone], *, deadline: float) -> None:
    while not all(clone.done for clone in clones):
        for clone in clones:
            clone.hear()
        if time.monotonic() > deadline and not all(clone.seconds for clone in clones):
            raise TemplateError(
                "A clone of the template did not reach its login prompt in time.",
                hint="clone-a.log and clone-b.log in the evidence folder show how far they came.",
            )


def _prompts(said: bytes) -> bool:
    lines = Lines()
    texts = [*lines.feed(without_intrusions(said)), lines.pending()]
    return any(_LOGIN.search(text) for text in texts)


def _refuse_trouble(line: str) -> None:
    if _TROUBLE.search(line):
        raise TemplateError(
            f"A clone of the template does not boot: {plain(line)}",
            hint="clone-a.log and clone-b.log in the evidence folder have the whole boot.",
        )


def _ended(signal: Ended | HostTrouble) -> TemplateError:
    if isinstance(signal, HostTrouble):
        return TemplateError(signal.sentence, hint=signal.hint)
    return TemplateError(
        f"A clone of the template ended before its login prompt ({signal.reason}).",
        hint="clone-a.log and clone-b.log in the evidence folder have its last lines.",
    )
