"""Listen to an installation until it is a success, a failure or a hang."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

import msgspec

from builder.errors import BuilderError, HangError, HostError, InstallError
from builder.install import report
from builder.install.diagnose import Diagnosis
from builder.install.progress import Position, follow
from builder.model.domain import RESULT_PORT
from builder.model.installation import Deadlines, Ended, GuestReport, HostTrouble, Output, Signal
from builder.monitor import Monitor, Progress
from builder.virt.terminal import Lines

GRACE_SECONDS = 8.0
"""From the first sign of failure to its report: log lines that follow name the details."""

_POLL_SECONDS = 1.0


class Heard(msgspec.Struct, kw_only=True):
    """What the guest told so far."""

    position: Position = Position()
    packages: list[str] = []
    success: bool = False
    failure: BuilderError | None = None


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
            self.heard.failure = _reported(said)
            self._judge()

    def _judge(self) -> None:
        """Let a text that says why replace one, or a report, that says only that."""
        found = self._diagnosis.finding
        if found and not (self._refused and found.vague):
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
    vital: Callable[[], object],
    monitor: Monitor,
    now: Callable[[], float] = time.monotonic,
) -> Heard:
    """Return what was heard of a successful installation.

    `vital` returns anything that changes while the guest lives, such as its I/O counters; `now`
    is the clock, in seconds.
    Raises the error of the cause when the guest failed, InstallError when it died, HangError at a
    deadline.
    """
    with monitor.progress("packages", unit="packages") as progress:
        watcher = Watcher(nonce, monitor, progress)
        clock = _Clock(deadlines, now)
        end = _until_end(signals, clock=clock, vital=vital, watcher=watcher)
    return _judge(watcher.heard, end)


def _until_end(
    signals: SimpleQueue[Signal],
    *,
    clock: "_Clock",
    vital: Callable[[], object],
    watcher: Watcher,
) -> Ended | None:
    """Listen until the domain ended (its end is returned) or failed for sure (None)."""
    while True:
        signal = _next(signals)
        if isinstance(signal, Output):
            clock.alive()
            watcher.listen(signal)
        elif isinstance(signal, Ended):
            _drain(signals, watcher)
            return signal
        elif isinstance(signal, HostTrouble):
            raise HostError(signal.sentence, hint=signal.hint)
        else:
            watcher.pause()
            clock.look(vital())
        if clock.over(failed=watcher.heard.failure is not None, position=watcher.heard.position):
            return None


def _next(signals: SimpleQueue[Signal]) -> Signal | None:
    try:
        return signals.get(timeout=_POLL_SECONDS)
    except Empty:
        return None


def _drain(signals: SimpleQueue[Signal], watcher: Watcher) -> None:
    """What the guest wrote last may still be on its way when the news of its end arrives."""
    while isinstance(signal := _next(signals), Output):
        watcher.listen(signal)


class _Clock:
    def __init__(self, deadlines: Deadlines, now: Callable[[], float]) -> None:
        self._deadlines = deadlines
        self._now = now
        self._began = self._moved = now()
        self._failed: float | None = None
        self._vital: object = None

    def alive(self) -> None:
        self._moved = self._now()

    def look(self, vital: object) -> None:
        if vital != self._vital:
            self._vital = vital
            self.alive()

    def over(self, *, failed: bool, position: Position) -> bool:
        """Return whether a failure has had its grace; raise at a deadline."""
        now = self._now()
        if failed:
            self._failed = now if self._failed is None else self._failed
            return now - self._failed > GRACE_SECONDS
        if now - self._moved > self._deadlines.idle_seconds:
            minutes = self._deadlines.idle_seconds / 60
            raise HangError(
                f"The installation stands still in the phase {position.phase}: "
                f"no output and no disk activity for {minutes:g} minutes.",
                hint="The screenshot shows what it waits for.",
            )
        if now - self._began > self._deadlines.total_seconds:
            raise HangError(
                f"The installation is in the phase {position.phase} after "
                f"{self._deadlines.total_seconds / 60:g} minutes.",
                hint="Raise install_minutes (BUILDER_INSTALL_MINUTES) if it only is slow.",
            )
        return False


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
    if not heard.success:
        raise InstallError(
            "The guest ended without saying that the installation succeeded.",
            hint="The console log shows how far it came: " + heard.position.phase + ".",
        )
    if reason == "destroyed":
        raise InstallError(
            "The guest rebooted, or was destroyed from outside, instead of powering off.",
            hint="End the kickstart with poweroff.",
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
