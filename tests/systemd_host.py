"""A host that systemd has started: this one once more, in namespaces of its own.

Its root is an overlay over ours, so what is installed here is there, and what it changes is gone
with it. Network, processes, /run and /tmp are its own; folders that it is to share are bound.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.waiting import wait_until

_SYSTEMD = Path("/lib/systemd/systemd")
_MASKED = (
    *("getty.target", "console-getty.service", "systemd-timesyncd.service"),
    *("systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket"),
    *("systemd-udev-trigger.service", "systemd-networkd.service", "systemd-resolved.service"),
    *("sys-kernel-debug.mount", "systemd-journald-audit.socket"),
)
"""What is for machines: it would look at our devices, or wait for some."""
_NAMESPACES = ("--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup")
_LIBVIRT = ("virtlogd.socket", "libvirtd.socket", "virtqemud.socket", "virtstoraged.socket")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# sysfs that is read-only tells systemd that it is in a container. What is enabled here (databases,
# timers of the distribution) is not there, nor are the guests, pools and networks of our libvirt.
_BOOT = r"""
place=$1; masked=$2; shift 2
root=$place/root
mkdir -p "$root" "$place/changes"
mount -t tmpfs changes "$place/changes"
mkdir "$place/changes/upper" "$place/changes/work"
mount -t overlay -o "lowerdir=/,upperdir=$place/changes/upper,workdir=$place/changes/work" \
    overlay "$root"
rm -rf "$root/etc/systemd/system" "$root/etc/systemd/user" "$root/var/log/journal"
mkdir -p "$root/etc/systemd/system"
rm -rf "$root"/etc/libvirt/*/*
for unit in $masked; do ln -s /dev/null "$root/etc/systemd/system/$unit"; done
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for each in dev run tmp; do mount -t tmpfs "$each" "$root/$each"; done
chmod 1777 "$root/tmp"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/run/before"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for shared in "$@"; do
    mkdir -p "$root$shared"
    mount --bind "$shared" "$root$shared"
done
cd "$root"
pivot_root . run/before
umount --lazy /run/before
exec env -i container=builder PATH="$PATH" /lib/systemd/systemd \
    --log-target=journal --unit=multi-user.target
"""


class SystemdHost:
    """One that runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def command(self, *words: str | Path, env: Sequence[str] = ()) -> list[str]:
        """Return what runs a program there, with an environment of its own."""
        enter = ["nsenter", "--target", str(self._pid), "--mount", "--pid", "--uts", "--ipc"]
        inside = ["--net", "--cgroup", "--", "env", "-i", "--chdir=/", _PATH, "HOME=/root"]
        return [*enter, *inside, *env, *map(str, words)]

    def run(
        self,
        *words: str | Path,
        env: Sequence[str] = (),
        stdin: str = "",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program there to its end."""
        done = subprocess.run(
            self.command(*words, env=env),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def write(self, path: str | Path, text: str) -> None:
        """Write a file there."""
        self.run("sh", "-euc", 'mkdir -p "$(dirname "$1")"; cat > "$1"', "sh", path, stdin=text)

    def start_libvirt(self) -> None:
        """Have the system's libvirt start when somebody connects; it knows no guests and pools."""
        units = self.run("systemctl", "list-unit-files", "--no-legend", *_LIBVIRT).stdout
        known = [unit for unit in _LIBVIRT if unit in units]
        if not any("log" not in unit for unit in known):
            pytest.skip("libvirt's daemon is not installed")
        self.run("systemctl", "start", *known)

    def state(self, unit: str, name: str = "ActiveState") -> str:
        """Return what systemd says of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def log(self, unit: str) -> str:
        """Return what a unit has said."""
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}").stdout

    @property
    def is_up(self) -> bool:
        """Whether all has been started."""
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() == "running"


@contextmanager
def systemd_host(place: Path, *, shared: Sequence[Path] = ()) -> Iterator[SystemdHost]:
    """Yield such a host, which has its files below `place`; skip where none can be.

    `shared` are folders that it sees as they are, and writes to.
    """
    _skip_where_none_can_be()
    group = _control_groups() / f"builder-test-{secrets.token_hex(4)}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    log = place / "boot.log"
    try:
        with log.open("wb") as file, _booted(place, group, shared, output=file) as unshare:
            host = SystemdHost(_first(unshare, log))
            wait_until(lambda: host.is_up, alive=lambda: unshare.poll() is None, told=log.read_text)
            yield host
    finally:
        _remove(group)


def _skip_where_none_can_be() -> None:
    if os.geteuid():
        pytest.skip("a second systemd takes root")
    missing = [each for each in ("unshare", "nsenter", "pivot_root") if not shutil.which(each)]
    if missing or not _SYSTEMD.exists():
        pytest.skip(f"not installed: {missing or _SYSTEMD}")
    if subprocess.run(["unshare", *_NAMESPACES, "true"], check=False).returncode:
        pytest.skip("root may make no namespaces here: is this a container?")
    if "overlay" not in Path("/proc/filesystems").read_text():
        pytest.skip("the kernel has no overlayfs")


def _control_groups() -> Path:
    """Return where the kernel's one tree of control groups is, which may be beside older ones."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    found = [line.split()[1] for line in lines if line.split()[2] == "cgroup2"]
    if not found:
        pytest.skip("there is no cgroup2")
    return Path(found[0])


@contextmanager
def _booted(
    place: Path, group: Path, shared: Sequence[Path], *, output: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    # Whoever is in the group when its namespace is made has it for its root.
    join = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
    unshare = ["unshare", "--kill-child", "--propagation", "private", *_NAMESPACES]
    boot = ["sh", "-euc", _BOOT, "boot", str(place), " ".join(_MASKED), *map(str, shared)]
    command = subprocess.Popen(
        ["sh", "-euc", join, "sh", str(group), *unshare, *boot],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        yield command
    finally:
        command.kill()
        command.wait()


def _first(unshare: subprocess.Popen[bytes], log: Path) -> int:
    """Return the process that has number 1 there, once that is systemd."""
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")

    def systemd() -> bool:
        with suppress(OSError, IndexError):  # it has not been started, or has just ended
            pid = children.read_text().split()[0]
            return Path(f"/proc/{pid}/exe").readlink().name == _SYSTEMD.name
        return False

    wait_until(systemd, alive=lambda: unshare.poll() is None, told=log.read_text)
    return int(children.read_text().split()[0])


def _remove(group: Path) -> None:
    """Remove a control group and those in it, whose processes have been killed."""

    def gone() -> bool:
        below = sorted(group.rglob("*/"), key=lambda path: len(path.parts), reverse=True)
        with suppress(OSError):  # busy for as long as a process of it ends
            for each in (*below, group):
                each.rmdir()
            return True
        return False

    wait_until(gone)
