"""Open libvirt, and turn its errors into ours."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import ParamSpec, TypeVar

import libvirt

from builder.errors import HostError
from builder.virt.refusal import refusal

_PATIENCE_SECONDS = 60.0
"""How long a libvirtd that went away may take to come back: packages are updated, too."""
_PAUSE_SECONDS = 0.5
_ATTEMPTS = 5
_LOCKED = "Its hypervisor does not answer libvirt: is it stopped, or the server of its disk away?"
_loop = threading.Lock()
_loop_runs = False

P = ParamSpec("P")
T = TypeVar("T")


class LostError(HostError):
    """The connection broke while libvirt was asked: it may have done what was asked for, or not."""

    may_pass = True


class LockedError(HostError):
    """libvirt has waited in vain for what it, or somebody, does to the same domain."""

    may_pass = True


class Connection:
    """A libvirt connection, which is made again when it was lost; only this package looks inside.

    The handle changes then: ask for it each time.
    """

    def __init__(self, uri: str, handle: libvirt.virConnect | None = None) -> None:
        self.uri = uri
        self._handle = handle
        self._lock = threading.Lock()
        self._lost: float | None = None
        """Since when nobody answers."""

    @property
    def remote(self) -> bool:
        """Whether it leads to another machine, whose files we do not see."""
        return bool(self.uri.partition("://")[2].partition("/")[0])

    @property
    def handle(self) -> libvirt.virConnect:
        """Return libvirt's handle, alive; wait for a daemon that is being restarted.

        Raises HostError when none comes back. Who asks again then does not wait once more.
        """
        with self._lock:
            if self._handle is None or not _lives(self._handle):
                self._handle = self._reopened()
            return self._handle

    def close(self) -> None:
        """Let go of it. The daemon may have gone away under us; nothing is left to close then."""
        with suppress(libvirt.libvirtError):
            if self._handle is not None:
                self._handle.close()

    def _reopened(self) -> libvirt.virConnect:
        self._lost = self._lost or time.monotonic()
        while True:
            try:
                handle = libvirt.open(self.uri)
            except libvirt.libvirtError as error:
                if time.monotonic() > self._lost + _PATIENCE_SECONDS:
                    raise HostError(
                        f"The connection to libvirt at {self.uri} was lost: {plain(error)}.",
                        hint="Is libvirtd (or virtqemud) still running?",
                        may_pass=True,
                    ) from error
                time.sleep(_PAUSE_SECONDS)
            else:
                self._lost = None
                return handle


def persistent(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function ask libvirt again when the connection broke, or the domain was locked.

    libvirt locks one, and waits half a minute for that, as long as it comes back to its hypervisor.
    For functions that may be called twice: they want something to be so, and find that it is.
    """

    @wraps(function)
    def persevere(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_ATTEMPTS):
            try:
                return function(*args, **kwargs)
            except (LostError, LockedError):
                time.sleep(_PAUSE_SECONDS)
        return function(*args, **kwargs)

    return persevere


def unless(so: Callable[[], bool], deed: Callable[[], object]) -> None:
    """Do it unless it is so. Somebody else may do it at the same time: that is as good."""
    if not so():
        attempt(deed, so=so)


def attempt(deed: Callable[[], object], *, so: Callable[[], bool]) -> None:
    """Do it; a refusal does not matter when it is so."""
    try:
        deed()
    except libvirt.libvirtError as error:
        if is_loss(error) or not so():
            raise


@contextmanager
def connect(uri: str) -> Iterator[Connection]:
    """Open `uri` for the block. Raises HostError when nothing answers there."""
    _run_event_loop()
    try:
        connection = Connection(uri, libvirt.open(uri))
    except libvirt.libvirtError as error:
        raise refusal(uri, str(error)) from error
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def twin(connection: Connection) -> Iterator[Connection]:
    """Make another connection to the same libvirt for the block.

    It is opened when it is used, and waited for like one that was lost.
    """
    made = Connection(connection.uri)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def translated(what: str, *, hint: str = "") -> Iterator[None]:
    """Raise HostError(`what`: libvirt's reason) for a libvirt failure in the block.

    It is a LostError when the connection broke, a LockedError when the domain stayed locked.
    """
    try:
        yield
    except libvirt.libvirtError as error:
        message = f"{what}: {plain(error)}."
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT:
            raise LockedError(message, hint=_LOCKED) from error
        kind = LostError if is_loss(error) else HostError
        raise kind(message, hint=hint) from error


def plain(error: libvirt.libvirtError) -> str:
    """Return libvirt's sentence without its full stop; of a program's failure, its last words."""
    said = str(error).strip().rstrip(".")
    if "failed to validate against schema" in said:
        return [*said.splitlines(), said][1]  # the first line names the schema
    return said.rpartition(": ")[2] if "Child process (" in said else said


def _lives(handle: libvirt.virConnect) -> bool:
    try:
        return bool(handle.isAlive() == 1)
    except libvirt.libvirtError:
        return False


def is_loss(error: libvirt.libvirtError) -> bool:
    # Whatever the code: "client socket is closed" is an internal error, "End of file while reading
    # data" one of the system's. libvirtd's own talks with virtlogd fail alike: they, too, pass.
    return bool(error.get_error_domain() == libvirt.VIR_FROM_RPC)


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
