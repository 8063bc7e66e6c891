"""Open libvirt, and turn its errors into ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import libvirt
import msgspec

from builder.errors import HostError

_loop = threading.Lock()
_loop_runs = False


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """An open libvirt connection; only this package looks inside."""

    uri: str
    handle: libvirt.virConnect


@contextmanager
def connect(uri: str) -> Iterator[Connection]:
    """Open `uri` for the block. Raises HostError when nothing answers there."""
    _run_event_loop()
    try:
        handle = libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise HostError(
            f"Cannot connect to libvirt at {uri}: {plain(error)}.",
            hint="Start libvirt: systemctl start libvirtd (or virtqemud.socket). "
            "Where there is no systemd, put `builder host run --` before the command.",
        ) from error
    try:
        yield Connection(uri=uri, handle=handle)
    finally:
        # The daemon may have gone away under us; there is nothing left to close then.
        with suppress(libvirt.libvirtError):
            handle.close()


@contextmanager
def translated(what: str, *, hint: str = "") -> Iterator[None]:
    """Raise HostError(`what`: libvirt's reason) for a libvirt failure in the block."""
    try:
        yield
    except libvirt.libvirtError as error:
        raise HostError(f"{what}: {plain(error)}.", hint=hint) from error


def plain(error: libvirt.libvirtError) -> str:
    """Return libvirt's sentence without its full stop; of a program's failure, its last words."""
    said = str(error).strip().rstrip(".")
    return said.rpartition(": ")[2] if "Child process (" in said else said


def _run_event_loop() -> None:
    """Events and streams need one loop for each process, registered before the first open."""
    global _loop_runs  # noqa: PLW0603  # libvirt's event loop is global to the process as well
    with _loop:
        if _loop_runs:
            return
        libvirt.registerErrorHandler(lambda _context, _error: None, None)
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_turn, name="libvirt-events", daemon=True).start()
        _loop_runs = True


def _turn() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
