"""Listen to an installation until it is a success, a failure or a hang."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from builder.errors import HostError, InstallError
from builder.install.clock import Clock
from builder.install.observer import Observed, Observer
from builder.install.progress import FIRMWARE
from builder.install.progress_report import ProgressReport
from builder.model.installation import Ended, HostTrouble, InstallPlan, Limits, Output, Signal
from builder.monitor import Monitor

_POLL_SECONDS = 1.0
_LAST_WORDS_SECONDS = 0.3  # several times what a log takes to be written and read
_MOST_RESETS = 3


class Guest(Protocol):
    """What a observer needs of the guest beside its signals."""

    def vital(self) -> object:
        """Return anything that changes while the guest lives, such as its I/O counters."""

    def restart(self) -> None:
        """Start the guest again after it ended."""


def watch(
    signals: SimpleQueue[Signal],
    plan: InstallPlan,
    *,
    limits: Limits,
    guest: Guest,
    monitor: Monitor,
    now: Callable[[], float] = time.monotonic,
) -> Observed:
    """Return what was observed of a successful installation; `now` is the clock, in seconds.

    Raises the error of the cause when the guest failed, InstallError when it died, HangError at a
    deadline.
    """
    with monitor.progress("installed", total=100, unit="%") as progress:
        report = ProgressReport(monitor, progress, expected=limits.expected, now=now)
        observer = Observer(plan.nonce, report, plan.media)
        clock = Clock(limits.deadlines, now)
        end = _until_end(signals, clock=clock, guest=guest, observer=observer)
        report.end()
    if observer.observed.failure is not None:
        monitor.tell(
            "failure",
            observer.observed.failure.message,
            source=observer.observed.source,
            line=observer.observed.line,
        )
    return _judge(observer.observed, end, report)


def _until_end(
    signals: SimpleQueue[Signal],
    *,
    clock: Clock,
    guest: Guest,
    observer: Observer,
) -> Ended | None:
    """Listen until the domain ended (its end is returned) or failed for sure (None)."""
    resets = 0
    while True:
        signal = _next(signals)
        if isinstance(signal, Output):
            clock.alive()
            observer.listen(signal)
        elif isinstance(signal, Ended):
            if not _is_over(signal, observer.observed):
                _drain(signals, observer)
            if not _firmware_reset(signal, observer, resets):
                return signal
            resets += 1
            guest.restart()
        elif isinstance(signal, HostTrouble):
            raise HostError(signal.sentence, hint=signal.hint)
        else:
            observer.pause()
        if clock.wants_a_look():
            clock.look(guest.vital())
            observer.progress.show()
        if clock.over(
            failed=observer.observed.failure is not None, phase=observer.progress.position.phase
        ):
            return None


def _is_over(end: Ended, observed: Observed) -> bool:
    """Tell whether nothing that may still be on its way can change the outcome."""
    return observed.success and end.reason in {"shutdown", "rebooted"}


def _firmware_reset(end: Ended, observer: Observer, resets: int) -> bool:
    """Tell whether it was the firmware that reset the machine, before any system ran.

    UEFI does so after it has set itself up, and shim's fallback once on a machine with a TPM.
    """
    observed = observer.observed
    early = observer.progress.position.phase == FIRMWARE and not (
        observed.failure or observed.success
    )
    return end.reason == "rebooted" and early and resets < _MOST_RESETS


def _next(signals: SimpleQueue[Signal], seconds: float = _POLL_SECONDS) -> Signal | None:
    try:
        return signals.get(timeout=seconds)
    except Empty:
        return None


def _drain(signals: SimpleQueue[Signal], observer: Observer) -> None:
    """What the guest wrote last may still be on its way when the news of its end arrives."""
    while isinstance(signal := _next(signals, _LAST_WORDS_SECONDS), Output):
        observer.listen(signal)


def _judge(observed: Observed, end: Ended | None, report: ProgressReport) -> Observed:
    if observed.failure is not None:
        raise observed.failure
    reason = end.reason if end else "failed"
    if reason == "crashed":
        raise InstallError("The guest crashed.", hint="The console log shows its last lines.")
    if reason == "failed":
        raise InstallError(
            "The hypervisor process died under the guest.",
            hint="See its log under /var/log/libvirt/qemu, and dmesg: is memory or disk exhausted?",
        )
    if reason == "destroyed":
        raise InstallError(
            "The guest was destroyed from outside before it powered off.",
            hint="Somebody, or something, called for it on this host: virsh destroy.",
        )
    if not observed.success:
        did = "rebooted" if reason == "rebooted" else "ended"
        raise InstallError(
            f"The guest {did} without saying that the installation succeeded.",
            hint=f"The console log shows how far it came: {report.position.phase}.",
        )
    observed.phases = report.seconds
    return observed
