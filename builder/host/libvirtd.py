"""A libvirtd of our own where nothing else starts one: containers and machines without systemd."""

import fcntl
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from builder import process
from builder.errors import HostError
from builder.host import reaper
from builder.monitor import Monitor

_SYSTEM = "qemu:///system"
_SOCKETS = (Path("/run/libvirt/libvirt-sock"), Path("/run/libvirt/virtqemud-sock"))
_LOGGER = Path("/run/libvirt/virtlogd-sock")
_SYSTEMD = Path("/run/systemd/system")
_KVM = Path("/dev/kvm")
_LOCKS = Path("/run/lock")
_START_SECONDS = 600
"""The last resort: one that ends is noticed at once, and on a busy host one that lives is slow."""
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
def libvirt_service(uri: str, *, state: Path, monitor: Monitor) -> Iterator[None]:
    """Make sure that something answers on the libvirt connection `uri` for the block.

    Only the system connection of this host needs care: libvirt's client starts a user's session
    daemon by itself, and another host is its owner's business. A daemon that answers is used as
    it is. Where neither it nor systemd runs, root gets a virtlogd and a libvirtd that live until
    the last process that uses them through this function has left its block; they log to `state`.

    Raises HostError when nothing answers and nothing may be started, or the start fails.
    """
    if uri != _SYSTEM:
        yield
    elif _SYSTEMD.is_dir() or os.geteuid() != 0:
        if not answers():
            raise _nobody_answers()
        yield
    else:
        with _lock_file(state) as lock, ExitStack() as undo:
            _join_or_start(lock, undo, state=state, monitor=monitor)
            yield


def answers() -> bool:
    """Tell whether a daemon of this host's system connection accepts clients."""
    return any(map(_accepts, _SOCKETS))


def kvm_works() -> bool:
    """Tell whether QEMU can make a virtual machine with KVM here.

    A node that opens proves little: nested KVM may lack what QEMU needs, and QEMU aborts.
    """
    try:
        os.close(os.open(_KVM, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    qemu = shutil.which("qemu-system-x86_64") or "/usr/libexec/qemu-kvm"
    machine = ["-accel", "kvm", "-cpu", "host", "-nodefaults", "-display", "none", "-S"]
    tried = process.run([qemu, *machine, "-monitor", "stdio"], stdin="quit\n", check=False)
    return tried.returncode == 0


def _join_or_start(lock: TextIO, undo: ExitStack, *, state: Path, monitor: Monitor) -> None:
    """Share the lock while a daemon answers; start one while nobody else holds the lock."""
    fcntl.flock(lock, fcntl.LOCK_SH)
    while not answers():
        if _is_alone(lock):
            undo.enter_context(_daemons(state, monitor))
            undo.callback(_wait_for_others, lock, monitor)
        fcntl.flock(lock, fcntl.LOCK_SH)


@contextmanager
def _daemons(state: Path, monitor: Monitor) -> Iterator[None]:
    with ExitStack() as undo:
        _make_lock_folder(undo)
        wrapper = [] if not _KVM.exists() or kvm_works() else _hide_kvm(state, undo, monitor)
        # libvirtd needs virtlogd only when a guest starts: too late to find out that it is slow.
        _start("virtlogd", (_LOGGER,), wrapper, state=state, undo=undo)
        log = _start("libvirtd", _SOCKETS, [*_REAPER, *wrapper], state=state, undo=undo)
        monitor.tell("note", f"No libvirtd was running: started one for now, its log is {log}.")
        yield


def _make_lock_folder(undo: ExitStack) -> None:
    """libvirt locks consoles in /run/lock, which systemd makes at boot and a container may lack."""
    with suppress(FileExistsError):
        _LOCKS.mkdir(mode=0o755)
        undo.callback(_remove_if_empty, _LOCKS)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # others have their locks there by now
        folder.rmdir()


def _hide_kvm(state: Path, undo: ExitStack, monitor: Monitor) -> list[str | Path]:
    empty = state / "no-kvm"
    empty.touch()
    undo.callback(empty.unlink, missing_ok=True)
    monitor.tell(
        "note", f"{_KVM} does not work here: hidden from libvirtd, guests will be emulated."
    )
    private = ["unshare", "--mount", "--propagation", "slave"]
    return [*private, "sh", "-euc", _HIDE_KVM, "sh", empty]


def _start(
    name: str,
    sockets: Sequence[Path],
    wrapper: Sequence[str | Path],
    *,
    state: Path,
    undo: ExitStack,
) -> Path:
    """Start a daemon, wait until it accepts clients, and return its log."""
    log = state / f"{name}.log"
    log.unlink(missing_ok=True)
    daemon = undo.enter_context(process.running([*wrapper, name], log=log))
    deadline = time.monotonic() + _START_SECONDS
    while not any(map(_accepts, sockets)):
        if daemon.poll() is not None or time.monotonic() > deadline:
            said = (log.read_text(errors="replace").strip() or "no output").splitlines()[-1]
            raise HostError(f"{name} does not start: {said}", hint=f"Read {log}.")
        time.sleep(0.1)
    return log


def _wait_for_others(lock: TextIO, monitor: Monitor) -> None:
    """Return when no other process uses our daemons; those that come now wait for their end.

    Polls, because a user that starts another user must not wait behind us for ever.
    """
    if not _is_alone(lock):
        monitor.tell(
            "note", "Others use the libvirtd that we started: waiting; Ctrl-C stops it now."
        )
    while not _is_alone(lock):
        time.sleep(0.5)


def _is_alone(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_file(state: Path) -> TextIO:
    try:
        state.mkdir(parents=True, exist_ok=True)
        return (state / "libvirtd.lock").open("w")
    except OSError as error:
        raise HostError(
            f"Cannot write to {state}: {error.strerror}.", hint="Set BUILDER_STATE to a folder."
        ) from error


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _nobody_answers() -> HostError:
    hint = "Start libvirtd as root, or use --uri qemu:///session."
    if _SYSTEMD.is_dir():
        hint = "systemctl enable --now libvirtd (or virtqemud.socket where there is no libvirtd)"
    return HostError(f"libvirt does not answer on {_SYSTEM}.", hint=hint)
