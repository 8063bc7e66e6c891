"""Listen to an installation until it is a success, a failure or a hang."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from builder.errors import HostError, InstallError
from builder.install.clock import Clock
from builder.install.observer import Heard, Watcher
from builder.install.progress import FIRMWARE
from builder.install.progress_report import Track
from builder.model.installation import Ended, HostTrouble, InstallPlan, Limits, Output, Signal
from builder.monitor import Monitor

_POLL_SECONDS = 1.0
_LAST_WORDS_SECONDS = 0.3  # several times what a log takes to be written and read
_MOST_RESETS = 3


class Guest(Protocol):
    """What a watcher needs of the guest beside its signals."""

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
) -> Heard:
    """Return what was heard of a successful installation; `now` is the clock, in seconds.

    Raises the error of the cause when the guest failed, InstallError when it died, HangError at a
    deadline.
    """
    with monitor.progress("installed", total=100, unit="%") as progress:
        track = Track(monitor, progress, expected=limits.expected, now=now)
        watcher = Watcher(plan.nonce, track, plan.media)
        clock = Clock(limits.deadlines, now)
        end = _until_end(signals, clock=clock, guest=guest, watcher=watcher)
        track.end()
    if watcher.heard.failure is not None:
        monitor.tell(
            "failure",
            watcher.heard.failure.message,
            source=watcher.heard.source,
            line=watcher.heard.line,
        )
    return _judge(watcher.heard, end, track)


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
            if not _is_over(signal, watcher.heard):
                _drain(signals, watcher)
            if not _firmware_reset(signal, watcher, resets):
                return signal
            resets += 1
            guest.restart()
        elif isinstance(signal, HostTrouble):
            raise HostError(signal.sentence, hint=signal.hint)
        else:
            watcher.pause()
        if clock.wants_a_look():
            clock.look(guest.vital())
            watcher.track.show()
        if clock.over(failed=watcher.heard.failure is not None, phase=watcher.track.position.phase):
            return None


def _is_over(end: Ended, heard: Heard) -> bool:
    """Tell whether nothing that may still be on its way can change the outcome."""
    return heard.success and end.reason in {"shutdown", "rebooted"}


def _firmware_reset(end: Ended, watcher: Watcher, resets: int) -> bool:
    """Tell whether it was the firmware that reset the machine, before any system ran.

    UEFI does so after it has set itself up, and shim's fallback once on a machine with a TPM.
    """
    heard = watcher.heard
    early = watcher.track.position.phase == FIRMWARE and not (heard.failure or heard.success)
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


def _judge(heard: Heard, end: Ended | None, track: Track) -> Heard:
    if heard.failure is not None:
        raise heard.failure
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
    if not heard.success and reason == "rebooted":
        raise InstallError(
            "The guest rebooted without saying that the installation succeeded.",
            hint=f"The console log shows how far it came: {track.position.phase}.",
        )
    if not heard.success:
        raise InstallError(
            "The guest ended without saying that the installation succeeded.",
            hint=f"The console log shows how far it came: {track.position.phase}.",
        )
    heard.phases = track.seconds
    return heard
