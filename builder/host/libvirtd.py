"""A libvirtd of our own where nothing else starts one: containers and machines without systemd."""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from builder import files, process
from builder.config import SYSTEM
from builder.errors import HostError
from builder.host import reaper
from builder.monitor import Monitor
from builder.virt.connection import Connection, connect
from builder.virt.ours import in_use

_SOCKETS = (Path("/run/libvirt/libvirt-sock"), Path("/run/libvirt/virtqemud-sock"))
_LOGGER = Path("/run/libvirt/virtlogd-sock")
_SYSTEMD = Path("/run/systemd/system")
_STATE = Path("/run/libvirt/qemu")
_KVM = Path("/dev/kvm")
_GUESTS = Path("/var/lib/libvirt/qemu")
_LOCKS = Path("/run/lock")
_RUN = Path("/run/builder")
"""A fixed place, whatever BUILDER_STATE says: there is one libvirtd for all."""
_NOTE = _RUN / "libvirtd"
"""The process that our libvirtd runs below."""
_START_SECONDS = 600
"""The last resort: one that ends is noticed at once, and on a busy host one that lives is slow."""
_END_SECONDS = 15
_REAPER = (sys.executable, "-IS", reaper.__file__)

# libvirt asks access(2) whether KVM is there, and root may write to everything except a read-only
# file system, where in turn device nodes stay writable: hence a plain file, mounted read-only.
# libvirt gives each guest a mount namespace and binds files into it from outside: hence shared.
_HIDE_KVM = """
mount --make-rshared /
mount --bind "$1" /dev/kvm
mount --options remount,bind,ro /dev/kvm
shift
exec "$@"
"""


@contextmanager
def opened(uri: str, *, monitor: Monitor) -> Iterator[Connection]:
    """Connect to libvirt for the block; what it takes is started where nothing else starts it.

    Raises HostError when nothing answers and nothing may be started, or the start fails.
    """
    if not is_ours(uri):
        with connect(uri) as connection:
            yield connection
        return
    with _lock("users") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        _start_daemons(monitor)
        with connect(uri) as connection:
            try:
                yield connection
            finally:
                _end_daemons(connection, users)


@contextmanager
def libvirt_service(uri: str, *, monitor: Monitor) -> Iterator[None]:
    """Make sure that a libvirtd of ours lives for the block, for others than us.

    The block may do without the libvirts that are not ours to start.
    """
    if is_ours(uri):
        with opened(uri, monitor=monitor):
            yield
    else:
        yield


def is_ours(uri: str) -> bool:
    """Tell whether we start what answers on the libvirt connection `uri`.

    Only the system connection of this host needs care, and only where root has no systemd for it:
    libvirt's client starts a user's session daemon by itself, and another host is its owner's
    business.
    """
    return uri == SYSTEM and os.geteuid() == 0 and not _SYSTEMD.is_dir()


def answers() -> bool:
    """Tell whether a daemon of this host's system connection accepts clients."""
    return any(map(_accepts, _SOCKETS))


def kvm_works() -> bool:
    """Tell whether QEMU can make a virtual machine with KVM here, as the user that guests run as.

    A node that opens proves little: nested KVM may lack what QEMU needs, and QEMU aborts. That
    root may open it proves less: without udev it is root's alone, and guests do not run as root.
    """
    try:
        os.close(os.open(_KVM, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    qemu = shutil.which("qemu-system-x86_64") or "/usr/libexec/qemu-kvm"
    machine = ["-accel", "kvm", "-cpu", "host", "-nodefaults", "-display", "none", "-S"]
    command = [*_as_guests(), qemu, *machine, "-monitor", "stdio"]
    return process.run(command, stdin="quit\n", check=False).returncode == 0


def _as_guests() -> list[str]:
    """Return what runs a program as the user that guests run as, whom libvirt gives its folder."""
    try:
        owner, group = _GUESTS.stat().st_uid, _GUESTS.stat().st_gid
        pwd.getpwuid(owner)
    except (OSError, KeyError):
        return []
    return ["setpriv", "--reuid", str(owner), "--regid", str(group), "--init-groups"]


def _lock(name: str) -> TextIO:
    with files.writing(_RUN):
        _RUN.mkdir(mode=0o755, exist_ok=True)
        return (_RUN / f"{name}.lock").open("w")


def _start_daemons(monitor: Monitor) -> None:
    """Start virtlogd and libvirtd, which outlive us; of many that come at once, only one does."""
    with _lock("start") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answers():
            # libvirt locks consoles there; systemd makes it at boot, and a container may lack it.
            _LOCKS.mkdir(mode=0o755, exist_ok=True)
            wrapper = [] if not _KVM.exists() or kvm_works() else _hide_kvm(monitor)
            log = _start_both(wrapper)
            monitor.tell("note", f"No libvirtd was running: started one for now, its log is {log}.")


def _start_both(wrapper: Sequence[str | Path]) -> Path:
    """Start both daemons, and return libvirtd's log."""
    earlier = _accepts(_LOGGER)
    logger = _start_logger(wrapper)
    _NOTE.unlink(missing_ok=True)
    try:
        reaper: list[str | Path] = [*_REAPER, _RUN / "users.lock", _NOTE, str(logger)]
        _NOTE.write_text(str(_start("libvirtd", _SOCKETS, [*reaper, *wrapper])))
    except HostError:
        if logger and not earlier:  # guests of an earlier libvirtd may write to that one still
            os.kill(logger, signal.SIGTERM)
        raise
    return _RUN / "libvirtd.log"


def _end_daemons(connection: Connection, users: TextIO) -> None:
    """End our libvirtd unless somebody else uses it, or a guest needs it: who is last, ends it.

    That is no reason to fail: the next one tries again.
    """
    with suppress(BlockingIOError, HostError, OSError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        daemon = _NOTE.read_text()
        if answers() and not in_use(connection) and _is_running("python", daemon):
            os.kill(int(daemon), signal.SIGTERM)
            deadline = time.monotonic() + _END_SECONDS
            while answers() and time.monotonic() < deadline:
                time.sleep(0.05)
            _clear_places()


def _clear_places() -> None:
    """Remove where libvirt has kept the file that hides KVM while a guest started.

    It does so for each mount below /dev, and leaves the place behind where that is no folder.
    """
    for place in _STATE.glob("[0-9]*-*.kvm"):
        if place.stat().st_size == 0:
            place.unlink()


def _start_logger(wrapper: Sequence[str | Path]) -> int:
    """Return the process of the virtlogd that goes with our libvirtd; 0 if there is another's.

    libvirtd needs it only when a guest starts: too late to find out that it is slow.
    """
    note = _RUN / "virtlogd"
    if _accepts(_LOGGER):  # of an earlier libvirtd that was killed, if we have noted it
        known = note.read_text() if note.exists() else "0"
        return int(known) if _is_running("virtlogd", known) else 0
    process_id = _start("virtlogd", (_LOGGER,), wrapper)
    note.write_text(str(process_id))
    return process_id


def _is_running(name: str, process_id: str) -> bool:
    try:
        return Path("/proc", process_id, "comm").read_text().startswith(name)
    except OSError:
        return False


def _hide_kvm(monitor: Monitor) -> list[str | Path]:
    empty = _RUN / "no-kvm"
    empty.touch()
    monitor.tell(
        "note", f"{_KVM} does not work here: hidden from libvirtd, guests will be emulated."
    )
    private = ["unshare", "--mount", "--propagation", "slave"]
    return [*private, "sh", "-euc", _HIDE_KVM, "sh", empty]


def _start(name: str, sockets: Sequence[Path], wrapper: Sequence[str | Path]) -> int:
    """Start a daemon, wait until it accepts clients, and return its process."""
    log = _RUN / f"{name}.log"
    log.unlink(missing_ok=True)
    daemon = process.start([*wrapper, name], log=log)
    deadline = time.monotonic() + _START_SECONDS
    while not any(map(_accepts, sockets)):
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.kill()
            said = (log.read_text(errors="replace").strip() or "no output").splitlines()[-1]
            raise HostError(f"{name} does not start: {said}", hint=f"Read {log}.")
        time.sleep(0.1)
    daemon.returncode = 0  # as if waited for: Python complains of a child that is let go alive
    return daemon.pid


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
