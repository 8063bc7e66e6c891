"""Listen to an installation until it is a success, a failure or a hang."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

import msgspec

from builder.errors import BuilderError, HostError, InstallError
from builder.install import report
from builder.install.cause import Weight
from builder.install.clock import Clock
from builder.install.diagnose import Diagnosis
from builder.install.progress import FIRMWARE, Position, follow
from builder.model.domain import RESULT_PORT
from builder.model.installation import Deadlines, Ended, GuestReport, HostTrouble, Output, Signal
from builder.monitor import Monitor, Progress
from builder.virt.terminal import Lines

_POLL_SECONDS = 1.0
_LAST_WORDS_SECONDS = 0.3  # several times what a log takes to be written and read
_MOST_RESETS = 3


class Heard(msgspec.Struct, kw_only=True):
    """What the guest told so far."""

    position: Position = Position()
    packages: list[str] = []
    success: bool = False
    failure: BuilderError | None = None


class Guest(Protocol):
    """What a watcher needs of the guest beside its signals."""

    def vital(self) -> object:
        """Return anything that changes while the guest lives, such as its I/O counters."""

    def restart(self) -> None:
        """Start the guest again after it ended."""


class Watcher:
    """Turns signals into what is known; knows nothing of time or libvirt."""

    def __init__(self, nonce: str, monitor: Monitor, progress: Progress) -> None:
        self.heard = Heard()
        self._nonce = nonce
        self._monitor = monitor
        self._progress = progress
        self._refused = False
        self._lines: dict[str, Lines] = {}
        self._diagnosis = Diagnosis()

    def listen(self, output: Output) -> None:
        """Take in what arrived on one of the guest's outputs."""
        lines = self._lines.setdefault(output.source, Lines())
        for line in lines.feed(output.data):
            if output.source == RESULT_PORT:
                self._take_report(line)
            else:
                self._show(follow(self.heard.position, line))
                self._diagnosis.hear(line, output.source)
                self._judge()

    def pause(self) -> None:
        """Take in unfinished lines as well: a guest that asks waits in the line of its question."""
        for source, lines in self._lines.items():
            if source != RESULT_PORT:
                self._diagnosis.glimpse(lines.pending(), source)
                self._judge()

    def _take_report(self, line: str) -> None:
        said = report.parse(line)
        if said is None or said.nonce != self._nonce:
            return
        if said.package:
            self.heard.packages.append(said.package)
        if said.result == "success" and not self._refused:
            # What the guest's scripts know outweighs what a text on its console looked like.
            self.heard.success, self.heard.failure = True, None
            self._diagnosis.forget()
        if said.result == "failure" and not self._refused:
            self._refused = True
            self.heard.failure = self.heard.failure or _reported(said)

    def _judge(self) -> None:
        """Let a text that says why replace one, or a report, that says only that."""
        found = self._diagnosis.finding
        if found and not (self._refused and found.cause.weight is Weight.VAGUE):
            self.heard.failure = found.failure()

    def _show(self, position: Position) -> None:
        before, self.heard.position = self.heard.position, position
        if position.phase != before.phase:
            self._monitor.note(f"phase: {position.phase}")
        if position.total and position.total != before.total:
            self._progress.expect(position.total)
        if position.done > before.done:
            self._progress.advance(position.done - before.done)
            self._progress.describe(position.package)


def watch(
    signals: SimpleQueue[Signal],
    *,
    nonce: str,
    deadlines: Deadlines,
    guest: Guest,
    monitor: Monitor,
    now: Callable[[], float] = time.monotonic,
) -> Heard:
    """Return what was heard of a successful installation; `now` is the clock, in seconds.

    Raises the error of the cause when the guest failed, InstallError when it died, HangError at a
    deadline.
    """
    with monitor.progress("packages", unit="packages") as progress:
        watcher = Watcher(nonce, monitor, progress)
        clock = Clock(deadlines, now)
        end = _until_end(signals, clock=clock, guest=guest, watcher=watcher)
    return _judge(watcher.heard, end)


def _until_end(
    signals: SimpleQueue[Signal],
    *,
    clock: Clock,
    guest: Guest,
    watcher: Watcher,
) -> Ended | None:
    """Listen until the domain ended (its end is returned) or failed for sure (None)."""
    resets = 0
    while True:
        signal = _next(signals)
        if isinstance(signal, Output):
            clock.alive()
            watcher.listen(signal)
        elif isinstance(signal, Ended):
            _drain(signals, watcher)
            if not _firmware_reset(signal, watcher.heard, resets):
                return signal
            resets += 1
            guest.restart()
        elif isinstance(signal, HostTrouble):
            raise HostError(signal.sentence, hint=signal.hint)
        else:
            watcher.pause()
            clock.look(guest.vital())
        if clock.over(failed=watcher.heard.failure is not None, phase=watcher.heard.position.phase):
            return None


def _firmware_reset(end: Ended, heard: Heard, resets: int) -> bool:
    """Tell whether it was the firmware that reset the machine, before any system ran.

    UEFI does so after it has set itself up, and shim's fallback once on a machine with a TPM.
    """
    early = heard.position.phase == FIRMWARE and not (heard.failure or heard.success)
    return end.reason == "rebooted" and early and resets < _MOST_RESETS


def _next(signals: SimpleQueue[Signal], seconds: float = _POLL_SECONDS) -> Signal | None:
    try:
        return signals.get(timeout=seconds)
    except Empty:
        return None


def _drain(signals: SimpleQueue[Signal], watcher: Watcher) -> None:
    """What the guest wrote last may still be on its way when the news of its end arrives."""
    while isinstance(signal := _next(signals, _LAST_WORDS_SECONDS), Output):
        watcher.listen(signal)


def _judge(heard: Heard, end: Ended | None) -> Heard:
    if heard.failure is not None:
        raise heard.failure
    reason = end.reason if end else "failed"
    if reason == "crashed":
        raise InstallError("The guest crashed.", hint="The console log shows its last lines.")
    if reason == "failed":
        raise InstallError(
            "The hypervisor process died under the guest.",
            hint="See the hypervisor's log under /var/log/libvirt/qemu; is the disk full?",
        )
    if not heard.success and reason == "rebooted":
        raise InstallError(
            "The guest rebooted without saying that the installation succeeded.",
            hint="The console log shows how far it came: " + heard.position.phase + ".",
        )
    if not heard.success:
        raise InstallError(
            "The guest ended without saying that the installation succeeded.",
            hint="The console log shows how far it came: " + heard.position.phase + ".",
        )
    if reason == "destroyed":
        raise InstallError(
            "The guest was destroyed from outside before it powered off.",
            hint="Somebody, or something, called for it on this host: virsh destroy.",
        )
    return heard


def _reported(said: GuestReport) -> InstallError:
    lines = [line for line in report.log_tail(said).splitlines() if line.strip()]
    # Whoever reads this sits at a terminal, which must not obey what a guest sends.
    last = "".join(filter(str.isprintable, lines[-1])).strip() if lines else ""
    return InstallError(
        f"The installer reported a failure ({said.stage or 'script'})."
        f"{' Its last line: ' if last else ''}{last}",
        hint="The log that it sent is installer.log in the evidence folder.",
    )
