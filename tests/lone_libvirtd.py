"""A libvirtd that may be killed: in a mount namespace of its own, out of sight of the host's."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.program import BUILDER
from tests.waiting import wait_until

# Where the host's libvirt and its files are not to be seen: the other tests go on with it.
ALONE = (
    *("unshare", "--mount", "--propagation", "private", "sh", "-euc"),
    'mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /etc/libvirt; exec "$@"',
    "sh",
)


class LoneLibvirtd:
    """The one that a process in such a namespace sees."""

    def __init__(self, seen_by: int) -> None:
        self._root = Path(f"/proc/{seen_by}/root")
        self._again: list[subprocess.Popen[bytes]] = []

    @property
    def uri(self) -> str:
        """How it is reached from outside."""
        return f"qemu:///system?socket={self._socket}"

    @property
    def answers(self) -> bool:
        """Whether it accepts clients."""
        with socket.socket(socket.AF_UNIX) as client:
            return self._is_alone and client.connect_ex(str(self._socket)) == 0

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait until it is gone."""
        assert self._is_alone, "this would be the libvirtd of the host"
        pid = self._pid("libvirtd")
        assert pid, "it has not come up"
        os.kill(pid, number)
        for each in self._again:
            each.wait()
        wait_until(lambda: not _lives(pid))

    def start(self) -> None:
        """Start it again, where it was."""
        inside = ["nsenter", "--mount", "--target", str(self._pid("virtlogd"))]
        self._again = [subprocess.Popen([*inside, "libvirtd"], stderr=subprocess.DEVNULL)]
        wait_until(lambda: self.answers)

    def kill_guest(self, name: str) -> None:
        """Kill the hypervisor's process of a guest, and wait until it is gone."""
        pid = self._guest(name)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _lives(pid))

    def stop_guest(self, name: str) -> None:
        """Stop the hypervisor's process of a guest: it answers nobody."""
        os.kill(self._guest(name), signal.SIGSTOP)

    def _guest(self, name: str) -> int:
        assert self._is_alone, "this would be a guest of the host"
        pid = self._pid(f"qemu/{name}")
        assert pid, "it has ended already"  # a signal to 0 is one to ourselves
        return pid

    @contextmanager
    def restarting(self) -> Iterator[None]:
        """End at last what is started again in the block."""
        try:
            yield
        finally:
            for each in self._again:
                each.terminate()
                each.wait()

    @property
    def _socket(self) -> Path:
        return self._root / "run/libvirt/libvirt-sock"

    @property
    def _is_alone(self) -> bool:
        """Not at once: a process has the host's /run until it has mounted its own."""
        return (self._root / "run").stat().st_dev != Path("/run").stat().st_dev

    def _pid(self, daemon: str) -> int:
        known = [self._root / f"run{folder}/{daemon}.pid" for folder in ("", "/libvirt")]
        return next((int(path.read_text() or 0) for path in known if path.exists()), 0)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@contextmanager
def lone_libvirtd(folder: Path) -> Iterator[LoneLibvirtd]:
    """Start one for the block; it logs to `folder`. Only root may."""
    ready = folder / "ready"  # not before: who starts it takes its end for a failure
    script = f"touch '{ready}'; exec sleep infinity"
    words = (*ALONE, *BUILDER, "host", "run", "--", "sh", "-c", script)
    environment = os.environ | {"BUILDER_STATE": str(folder)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as command:
        found = LoneLibvirtd(command.pid)
        try:
            wait_until(ready.exists, alive=lambda: command.poll() is None)
            with found.restarting():
                yield found
        finally:
            command.terminate()
