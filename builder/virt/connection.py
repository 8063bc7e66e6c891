"""Open libvirt, and turn its errors into ours."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import libvirt

from builder.errors import HostError

_PAUSE_SECONDS = 0.5
_loop = threading.Lock()
_loop_runs = False


class Connection:
    """An open libvirt connection; only this package looks inside.

    The handle changes when the connection was lost and made again: ask for it each time.
    """

    def __init__(self, uri: str, handle: libvirt.virConnect) -> None:
        self.uri = uri
        self.handle = handle

    def reopen(self, *, seconds: float) -> bool:
        """Connect again, trying for so long: daemons are restarted. Tell whether that worked."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(libvirt.libvirtError):
                self.handle = libvirt.open(self.uri)
                return True
            time.sleep(_PAUSE_SECONDS)
        return False


@contextmanager
def connect(uri: str) -> Iterator[Connection]:
    """Open `uri` for the block. Raises HostError when nothing answers there."""
    _run_event_loop()
    hint = (
        "Start libvirt: systemctl start libvirtd (or virtqemud.socket). "
        "Where there is no systemd, put `builder host run --` before the command."
    )
    with translated(f"Cannot connect to libvirt at {uri}", hint=hint):
        connection = Connection(uri, libvirt.open(uri))
    try:
        yield connection
    finally:
        # The daemon may have gone away under us; there is nothing left to close then.
        with suppress(libvirt.libvirtError):
            connection.handle.close()


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
    if "failed to validate against schema" in said:
        return [*said.splitlines(), said][1]  # the first line names the schema
    return said.rpartition(": ")[2] if "Child process (" in said else said


def _run_event_loop() -> None:
    """Events need one loop for each process, registered before the first open."""
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
