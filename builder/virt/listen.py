"""Everything that can be heard of a domain, as one queue."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import libvirt
import libvirt_qemu

from builder.errors import HostError
from builder.model.installation import Ended, HostTrouble, Signal
from builder.virt.connection import persistent, translated
from builder.virt.domains import Domain
from builder.virt.follow import follow
from builder.virt.latest import Latest

_LOOK_SECONDS = 10.0
_RUNS = (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED)
_GONE = (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN)
_STOPPED = {
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED: "destroyed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED: "crashed",
}
# Without SHUTOFF_CRASHED: a guest that panicked is not off, but preserved (virt/domain_xml.py). A
# libvirtd that comes back and finds no QEMU calls that a crash: it died, or had not quite begun.
_SHUT_OFF = {
    libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED: "destroyed",
    libvirt.VIR_DOMAIN_SHUTOFF_DAEMON: "given up",
}


@contextmanager
def listen(domain: Domain, *, logs: Mapping[str, Path]) -> Iterator[SimpleQueue[Signal]]:
    """Collect what the domain writes to its `logs`, and its end, for the block.

    A domain that ended before is heard to end now. A lost connection is made again.
    """
    signals: SimpleQueue[Signal] = SimpleQueue()
    with follow(logs, signals) as put_last:
        ear = _Ear(domain, signals, put_last)
        try:
            ear.open()
            # A libvirtd that comes back calls a guest running whose monitor it does not find, ends
            # it after 30 seconds, and sends no event (qemuProcessReconnect). Nor does it send those
            # of what happened while we had no connection.
            with Latest(ear.look, domain, pause=_LOOK_SECONDS):
                yield signals
        finally:
            ear.close()


class _Ear:
    """The subscriptions to libvirt's events, moved to a new connection when the old one ends."""

    def __init__(
        self,
        domain: Domain,
        signals: SimpleQueue[Signal],
        put_last: Callable[[Signal], None],
    ) -> None:
        self._connection = domain.connection
        self._domain = domain
        self._signals = signals
        self._put_last = put_last
        self._rebooted = False
        self._ended = False
        self._starts = 0
        self._ending = threading.Lock()
        self._seen: object = None
        self._closed = False
        self._opening = threading.Lock()
        self._heard: libvirt.virConnect | None = None
        self._cancel: list[Callable[[], object]] = []

    @persistent
    def open(self) -> None:
        """Subscribe, then look whether it has ended already: so its end cannot be missed."""
        with self._opening, translated(f"Cannot watch the domain {self._domain.name}"):
            # Once it is closed, the connection may be as well. Whoever noticed its loss as well may
            # have been quicker.
            if not self._closed and (handle := self._connection.handle) is not self._heard:
                self._silence()
                self._subscribe(handle, self._domain.handle)
                self._heard = handle

    def close(self) -> None:
        """Hear no more."""
        with self._opening:
            self._closed = True
            self._silence()

    def look(self, domain: Domain) -> None:
        """Look at a state of which no event told: that is so when two looks see the same."""
        with suppress(libvirt.libvirtError, HostError):
            starts, ended = self._starts, self._ended
            seen = (starts, ended, _state(domain))
            if seen == self._seen and ended and seen[2][0] in _RUNS:
                self._begin(starts=starts)
            elif seen == self._seen:
                self._take(domain, seen[2], starts=starts)
            self._seen = seen

    def _silence(self) -> None:
        cancel, self._cancel = self._cancel, []
        for each in cancel:
            with suppress(libvirt.libvirtError):
                each()

    def _subscribe(self, handle: libvirt.virConnect, domain: libvirt.virDomain) -> None:
        handle.registerCloseCallback(self._lost, None)
        self._cancel = [handle.unregisterCloseCallback]
        for event, function in (
            (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._changed),
            (libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, self._storage_failed),
        ):
            number = handle.domainEventRegisterAny(domain, event, function, None)
            self._cancel.append(partial(handle.domainEventDeregisterAny, number))
        # libvirt calls a reboot that ends the domain a shutdown; QEMU tells the truth.
        number = libvirt_qemu.qemuMonitorEventRegister(
            handle, domain, "SHUTDOWN", self._stopped, None
        )
        self._cancel.append(partial(libvirt_qemu.qemuMonitorEventDeregister, handle, number))
        starts = self._starts
        self._take(self._domain, _state(self._domain), starts=starts)

    def _take(self, domain: Domain, found: tuple[int, int], *, starts: int) -> None:
        """Take in a state, and how often it had been started when that was seen."""
        state, reason = found
        if state == libvirt.VIR_DOMAIN_SHUTOFF:
            self._end(_SHUT_OFF.get(reason, "failed"), starts=starts)
        elif state == libvirt.VIR_DOMAIN_CRASHED:
            self._end("crashed", starts=starts)
        elif found == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR):
            for path, error in domain.handle.diskErrors().items():
                full = error == libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE
                self._signals.put(_explain_storage(path, "enospc" if full else "eio"))

    def _changed(self, _handle: Any, _domain: Any, event: int, detail: int, _opaque: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        if event == libvirt.VIR_DOMAIN_EVENT_STARTED:
            self._begin(starts=self._starts)
        elif event == libvirt.VIR_DOMAIN_EVENT_STOPPED:
            self._end(_STOPPED.get(detail, "failed"), starts=self._starts)
        elif event == libvirt.VIR_DOMAIN_EVENT_CRASHED:
            self._end("crashed", starts=self._starts)

    def _begin(self, *, starts: int) -> None:
        with self._ending:
            if starts == self._starts:
                self._ended = self._rebooted = False
                self._starts += 1

    def _end(self, reason: str, *, starts: int) -> None:
        with self._ending:
            if not self._ended and starts == self._starts:
                self._ended = True
                self._put_last(Ended(reason="rebooted" if self._rebooted else reason))

    def _stopped(self, *event: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        # Another such event follows, when libvirt then ends QEMU.
        self._rebooted = self._rebooted or '"guest-reset"' in (event[5] or "")

    def _storage_failed(self, *event: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        _handle, _domain, path, _alias, _action, reason, _opaque = event
        self._signals.put(_explain_storage(path, reason))

    def _lost(self, _handle: Any, _reason: int, _opaque: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        if not self._closed:
            # Not here: this is the thread in which libvirt's answers arrive.
            threading.Thread(target=self._rejoin, name="rejoin", daemon=True).start()

    def _rejoin(self) -> None:
        """Subscribe at a new connection. The domain goes on meanwhile, and so do its logs."""
        try:
            self.open()
        except HostError as error:
            self._signals.put(HostTrouble(sentence=error.message, hint=error.hint))


def _state(domain: Domain) -> tuple[int, int]:
    try:
        state, reason = domain.handle.state()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        return _GONE  # whoever undefined it while it ran, it has ended since
    return state, reason


def _explain_storage(path: str, reason: str) -> HostTrouble:
    if reason == "enospc":
        return HostTrouble(
            sentence=f"The host's disk is full: the guest could not write to {path}.",
            hint="Free some space in the store pool, or move the pool to a larger disk.",
        )
    return HostTrouble(
        sentence=f"The host could not read or write {path} for the guest ({reason or 'eio'}).",
        hint="Look at the host's kernel log (dmesg) for the disk's error.",
    )
