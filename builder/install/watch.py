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
_MOST_RESETS = 3
_UNTOUCHED = (FIRMWARE, "boot", "stage 2")
"""Phases in which an installer has not yet written to its disk."""

LOST = {
    "failed": (
        "The hypervisor process died under the guest.",
        "See its log under /var/log/libvirt/qemu, and dmesg: is memory or disk exhausted?",
    ),
    "given up": (
        "libvirtd ended the guest when it was itself started again.",
        "It finds no way back to a guest that was just being started, or just ended: see its log.",
    ),
    "destroyed": (
        "The guest was destroyed from outside before it powered off.",
        "Somebody, or something, called for it on this host: virsh destroy.",
    ),
}
"""Sentence and hint for ends that are the host's doing, by their reasons."""


class GuestLostError(HostError):
    """The host took the guest away, or starved it: what it was to install must be begun anew."""

    may_pass = True

    def __init__(self, message: str, *, hint: str, phase: str) -> None:
        """`phase` is the one in which it was lost."""
        super().__init__(message, hint=hint)
        self.untouched = phase in _UNTOUCHED
        """Whether its disk still was as it had been before."""


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

    Raises the error of the cause when the guest failed, InstallError when it died, GuestLostError
    when that was the host's doing, HangError at a deadline.
    """
    with monitor.progress("installed", total=100, unit="%") as progress:
        report = ProgressReport(
            monitor, progress, expected=limits.expected, now=now, told=plan.told
        )
        observer = Observer(plan.nonce, report, plan.media)
        clock = Clock(limits.deadlines, now)
        end = _until_end(signals, clock=clock, guest=guest, observer=observer)
        report.end()
    _refuse_loss(observer.observed, end, phase=report.position.phase)
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
            if observer.listen(signal):
                clock.alive()
        elif isinstance(signal, Ended):
            if not _firmware_reset(signal, observer, resets):
                return signal
            resets += 1
            guest.restart()
        elif isinstance(signal, HostTrouble):
            raise HostError(signal.sentence, hint=signal.hint, may_pass=signal.may_pass)
        else:
            observer.pause()
        if clock.wants_a_look():
            clock.look(guest.vital())
            observer.progress.show()
        if clock.over(
            failed=observer.observed.failure is not None, phase=observer.progress.position.phase
        ):
            return None


def _firmware_reset(end: Ended, observer: Observer, resets: int) -> bool:
    """Tell whether it was the firmware that reset the machine, before any system ran.

    UEFI does so after it has set itself up, and shim's fallback once on a machine with a TPM.
    """
    observed = observer.observed
    early = observer.progress.position.phase == FIRMWARE and not (
        observed.failure or observed.success
    )
    return end.reason == "rebooted" and early and resets < _MOST_RESETS


def _next(signals: SimpleQueue[Signal]) -> Signal | None:
    try:
        return signals.get(timeout=_POLL_SECONDS)
    except Empty:
        return None


def _refuse_loss(observed: Observed, end: Ended | None, *, phase: str) -> None:
    """Raise GuestLostError when the guest failed, or ended, of the host."""
    if isinstance(observed.failure, HostError):
        raise GuestLostError(observed.failure.message, hint=observed.failure.hint, phase=phase)
    # A libvirtd that comes back does not know how a guest ended that had powered off meanwhile.
    done = observed.failure is not None or (observed.success and observed.off)
    if end is not None and end.reason in LOST and not done:
        sentence, hint = LOST[end.reason]
        raise GuestLostError(sentence, hint=hint, phase=phase)


def _judge(observed: Observed, end: Ended | None, report: ProgressReport) -> Observed:
    if observed.failure is not None:
        raise observed.failure
    reason = end.reason if end else "failed"
    if reason == "crashed":
        raise InstallError("The guest crashed.", hint="The console log shows its last lines.")
    if not observed.success:
        did = "rebooted" if reason == "rebooted" else "ended"
        raise InstallError(
            f"The guest {did} without saying that the installation succeeded.",
            hint=f"The console log shows how far it came: {report.position.phase}.",
        )
    observed.phases = report.seconds
    return observed
