"""Everything that can be heard of a domain, as one queue."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import libvirt
import libvirt_qemu

from builder.errors import HostError
from builder.model.installation import Ended, HostTrouble, Signal
from builder.virt.connection import persistent, translated, twin
from builder.virt.domains import Domain
from builder.virt.follow import follow

_LOOK_SECONDS = 10.0
_LEAVE_SECONDS = 1.0
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

    A domain that ended before is heard to end now. A lost connection is made again. Raises
    HostError where nobody can listen.
    """
    signals: SimpleQueue[Signal] = SimpleQueue()
    with follow(logs, signals) as put_last, _Ear(domain, signals, put_last):
        yield signals


class _Ear:
    """Subscribes to libvirt's events, and subscribes again when a connection was lost.

    That is done in a thread and by a connection of its own: libvirt may hold it for as long as a
    hypervisor does not answer, and nobody may close a connection meanwhile. Nobody waits for it.
    """

    def __init__(
        self,
        domain: Domain,
        signals: SimpleQueue[Signal],
        put_last: Callable[[Signal], None],
    ) -> None:
        self._domain = domain
        self._signals = signals
        self._put_last = put_last
        self._rebooted = False
        self._ended = False
        self._starts = 0
        self._ending = threading.Lock()
        self._seen: object = None
        self._taken: object = None
        self._heard: libvirt.virConnect | None = None
        self._cancel: list[Callable[[], object]] = []
        self._refusal: HostError | None = None
        self._listens, self._wake = threading.Event(), threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        self._listens.wait()
        refusal, self._refusal = self._refusal, None  # its frames hold the connection
        if refusal:
            self._thread.join()
            raise refusal
        return self

    def __exit__(self, *_error: object) -> None:
        """Hear no more."""
        self._over = True
        self._wake.set()
        self._thread.join(_LEAVE_SECONDS)

    def _run(self) -> None:
        try:
            with twin(self._domain.connection) as own:
                self._stay(Domain(name=self._domain.name, connection=own))
        except HostError as error:
            self._refusal = error
            trouble = HostTrouble(sentence=error.message, hint=error.hint, may_pass=error.may_pass)
            self._signals.put(trouble)
        finally:
            self._listens.set()

    def _stay(self, domain: Domain) -> None:
        """Look now and then: not all that happens is told by events.

        A libvirtd that comes back calls a guest running whose monitor it does not find, ends it
        after 30 seconds, and sends no event (qemuProcessReconnect). Nor does it send those of what
        happened while we had no connection.
        """
        try:
            while not self._over:
                self._subscribe(domain)
                with suppress(libvirt.libvirtError, HostError):
                    self._look(domain)
                self._listens.set()
                self._wake.wait(_LOOK_SECONDS)
                self._wake.clear()
        finally:
            self._silence()

    @persistent
    def _subscribe(self, domain: Domain) -> None:
        """Subscribe, then look whether it has ended already: so its end cannot be missed."""
        with translated(f"Cannot watch the domain {domain.name}"):
            handle = domain.connection.handle
            if handle is self._heard:
                return
            self._silence()
            if self._listens.is_set() and _state(domain) == _GONE:
                self._end("failed", starts=self._starts)
            else:
                self._register(handle, handle.lookupByName(domain.name))
                self._look(domain, sure=True)
            self._heard = handle

    def _register(self, handle: libvirt.virConnect, domain: libvirt.virDomain) -> None:
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

    def _silence(self) -> None:
        cancel, self._cancel = self._cancel, []
        for each in cancel:
            with suppress(libvirt.libvirtError):
                each()

    def _look(self, domain: Domain, *, sure: bool = False) -> None:
        """Take in the state, once: after two looks that saw the same, unless it is `sure`.

        An event that is on its way says more of an end. Of a start there is nothing else to say.
        """
        starts, ended = self._starts, self._ended
        state = _state(domain)
        seen = (starts, state)
        if ended and state[0] in _RUNS:
            self._begin(starts=starts)
        elif seen != self._taken and (sure or seen == self._seen):
            self._take(domain, state, starts=starts)
            self._taken = seen
        self._seen = seen

    def _take(self, domain: Domain, found: tuple[int, int], *, starts: int) -> None:
        """Take in a state, and how often it had been started when that was seen."""
        state, reason = found
        if state == libvirt.VIR_DOMAIN_SHUTOFF:
            self._end(_SHUT_OFF.get(reason, "failed"), starts=starts)
        elif state == libvirt.VIR_DOMAIN_CRASHED:
            self._end("crashed", starts=starts)
        elif found == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR):
            for disk, error in domain.handle.diskErrors().items():
                full = error == libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE
                why = "enospc" if full else "eio"
                self._signals.put(_explain_storage(f"its disk {disk}", why))

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
        self._wake.set()


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
