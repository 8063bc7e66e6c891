"""Everything that can be heard of a domain, as one queue."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from typing import Any

import libvirt
import libvirt_qemu

from builder.model.installation import Ended, HostTrouble, Output, Signal
from builder.virt.connection import Connection, translated
from builder.virt.domains import Domain

_CHUNK = 65536

_REASONS = {
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED: "destroyed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED: "crashed",
}


@contextmanager
def listen(
    connection: Connection, domain: Domain, *, ports: tuple[str, ...]
) -> Iterator[SimpleQueue[Signal]]:
    """Collect the console, the virtio ports and the domain's end for the block.

    To miss nothing, open it while the domain is still paused.
    """
    signals: SimpleQueue[Signal] = SimpleQueue()
    with ExitStack() as stack:
        stack.enter_context(_lifecycle(connection, domain, signals))
        stack.enter_context(_storage_trouble(connection, domain, signals))
        stack.enter_context(_connection_loss(connection, signals))
        with translated(f"Cannot listen to the domain {domain.name}"):
            _follow_console(connection, domain, signals)
            for port in ports:
                _follow_port(connection, domain, port, signals=signals)
        yield signals


def _follow_console(connection: Connection, domain: Domain, signals: SimpleQueue[Signal]) -> None:
    stream = connection.handle.newStream(0)
    domain.handle.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
    _read_in_background(stream, "console", signals)


def _follow_port(
    connection: Connection, domain: Domain, port: str, *, signals: SimpleQueue[Signal]
) -> None:
    stream = connection.handle.newStream(0)
    domain.handle.openChannel(port, stream, libvirt.VIR_DOMAIN_CHANNEL_FORCE)
    _read_in_background(stream, port, signals)


def _read_in_background(
    stream: libvirt.virStream, source: str, signals: SimpleQueue[Signal]
) -> None:
    def read() -> None:
        # The end of the domain ends the stream, with or without an error.
        with suppress(libvirt.libvirtError):
            while data := stream.recv(_CHUNK):
                signals.put(Output(source=source, data=data))

    threading.Thread(target=read, name=f"read-{source}", daemon=True).start()


@contextmanager
def _lifecycle(
    connection: Connection, domain: Domain, signals: SimpleQueue[Signal]
) -> Iterator[None]:
    resets: list[str] = []

    def changed(_handle: Any, _domain: Any, event: int, detail: int, _opaque: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        if event == libvirt.VIR_DOMAIN_EVENT_STOPPED:
            signals.put(Ended(reason="destroyed" if resets else _REASONS.get(detail, "failed")))
        elif event == libvirt.VIR_DOMAIN_EVENT_CRASHED:
            signals.put(Ended(reason="crashed"))

    with (
        _resets(connection, domain, resets),
        _callback(connection, domain, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, changed),
    ):
        yield


@contextmanager
def _resets(connection: Connection, domain: Domain, found: list[str]) -> Iterator[None]:
    """Collect reboots: libvirt calls one that ends the domain a shutdown, QEMU tells the truth."""

    def stopped(*event: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        details = event[5] or ""
        if '"guest-reset"' in details:
            found.append(details)

    with translated(f"Cannot watch the domain {domain.name}"):
        number = libvirt_qemu.qemuMonitorEventRegister(
            connection.handle, domain.handle, "SHUTDOWN", stopped, None
        )
    try:
        yield
    finally:
        with suppress(libvirt.libvirtError):
            libvirt_qemu.qemuMonitorEventDeregister(connection.handle, number)


@contextmanager
def _storage_trouble(
    connection: Connection, domain: Domain, signals: SimpleQueue[Signal]
) -> Iterator[None]:
    def failed(*event: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        _handle, _domain, path, _alias, _action, reason, _opaque = event
        signals.put(_explain_storage(path, reason))

    with _callback(connection, domain, libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, failed):
        yield


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


@contextmanager
def _connection_loss(connection: Connection, signals: SimpleQueue[Signal]) -> Iterator[None]:
    def closed(_handle: Any, _reason: int, _opaque: Any) -> None:  # noqa: ANN401  # libvirt's callback type
        signals.put(
            HostTrouble(
                sentence=f"The connection to libvirt at {connection.uri} was lost.",
                hint="Is libvirtd (or virtqemud) still running?",
            )
        )

    with translated("Cannot watch the connection to libvirt"):
        connection.handle.registerCloseCallback(closed, None)
    try:
        yield
    finally:
        with suppress(libvirt.libvirtError):
            connection.handle.unregisterCloseCallback()


@contextmanager
def _callback(
    connection: Connection, domain: Domain, event: int, function: Callable[..., None]
) -> Iterator[None]:
    with translated(f"Cannot watch the domain {domain.name}"):
        number = connection.handle.domainEventRegisterAny(domain.handle, event, function, None)
    try:
        yield
    finally:
        with suppress(libvirt.libvirtError):
            connection.handle.domainEventDeregisterAny(number)
