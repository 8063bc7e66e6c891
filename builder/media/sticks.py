"""Devices that an ISO may be written to: what each is, and who has something of it in use."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from builder.errors import HostError, UsageError

_NAMES = ("device/vendor", "device/model", "loop/backing_file")
_SECTOR = 512
"""What sysfs counts in, whatever the device's own sectors are."""
_CD = "5"
"""The SCSI type of drives for CDs and DVDs."""


class Stick(msgspec.Struct, frozen=True, kw_only=True):
    """A whole disk, as the kernel describes it."""

    path: Path
    number: str
    """Such as "8:16"."""
    model: str
    size: int
    removable: bool
    users: tuple[str, ...]
    """Who has it, or a part of it, in use: "/dev/sdb1 is mounted at /mnt"."""


def look(path: Path) -> Stick:
    """Return what the device is. Raises UsageError for what is no disk as a whole."""
    try:
        state = path.stat()
    except OSError as error:
        raise UsageError(
            f"There is no device {path}: {error.strerror}.", hint="lsblk lists devices."
        ) from error
    if not stat.S_ISBLK(state.st_mode):
        raise UsageError(f"{path} is no device.", hint="lsblk lists devices; cp copies to files.")
    number = f"{os.major(state.st_rdev)}:{os.minor(state.st_rdev)}"
    return described(path, number, system=Path("/sys"), processes=Path("/proc"))


def described(path: Path, number: str, *, system: Path, processes: Path) -> Stick:
    """Return what `system` (/sys) and `processes` (/proc) tell of the device of that number."""
    home = (system / "dev/block" / number).resolve()
    if not home.is_dir():
        raise UsageError(f"There is no device behind {path}.", hint="lsblk lists devices.")
    _refuse_kind(path, home)
    parts = (home, *(each.parent for each in sorted(home.glob("*/partition"))))
    devices = {_text(each / "dev"): each for each in parts}
    return Stick(
        path=path,
        number=number,
        model=" ".join(filter(None, (_text(home / name) for name in _NAMES))),
        size=int(_text(home / "size") or 0) * _SECTOR,
        removable=_text(home / "removable") == "1",
        users=tuple(dict.fromkeys(_users(devices, processes))),
    )


def refuse(stick: Stick, *, size: int, force: bool) -> None:
    """Raise the error why `size` bytes must not be written to the device, if there is one.

    `force` is for disks that cannot be pulled out; nothing is written to one that is in use.
    """
    if stick.users:
        raise HostError(
            f"{stick.path} is in use: {'; '.join(stick.users)}.",
            hint="Unmount it, or end what uses it; is it the right device?",
        )
    if stick.size < size:
        raise HostError(
            f"{stick.path} has {stick.size} bytes; the ISO needs {size}.",
            hint="Take a larger stick.",
        )
    if not (stick.removable or force):
        raise UsageError(
            f"{stick.path} ({stick.model or 'no model'}) is no removable disk.",
            hint="Look twice; --force writes to it all the same.",
        )


def _refuse_kind(path: Path, home: Path) -> None:
    if (home / "partition").exists():
        raise UsageError(
            f"{path} is a partition; an ISO brings its own.",
            hint=f"`builder iso burn FILE /dev/{home.parent.name}` writes to the whole disk.",
        )
    if "virtual" in home.parts and not (home / "loop").is_dir():
        raise UsageError(f"{path} is made of other devices.", hint="Name the stick itself.")
    if _text(home / "device/type") == _CD:
        raise UsageError(f"{path} is a drive for discs.", hint="xorriso -as cdrecord burns those.")
    if _text(home / "ro") == "1":
        raise HostError(f"{path} is read-only.", hint="Is its switch on lock?")


def _users(devices: dict[str, Path], processes: Path) -> Iterator[str]:
    names = {f"/dev/{home.name}": f"/dev/{home.name}" for home in devices.values()}
    names |= {number: f"/dev/{home.name}" for number, home in devices.items()}
    for home in devices.values():
        for holder in sorted(home.glob("holders/*")):
            yield f"/dev/{home.name} is part of {_text(holder / 'dm/name') or holder.name}"
    for line in _text(processes / "self/mountinfo").splitlines():
        fields = line.split()
        source = fields[fields.index("-") + 2]
        # A btrfs has a number of its own, so that only its source tells.
        if name := names.get(fields[2]) or names.get(os.path.realpath(source)):
            yield f"{name} is mounted at {fields[4].replace(chr(92) + '040', ' ')}"
    for line in _text(processes / "swaps").splitlines()[1:]:
        if name := names.get(os.path.realpath(line.split()[0])):
            yield f"{name} is swap"
    yield from _openers(set(devices), processes)


def _openers(numbers: set[str], processes: Path) -> Iterator[str]:
    """Yield the processes that have it open, such as the QEMU of a guest that has it as a disk.

    QEMU claims no device for itself; without root only our own processes are seen.
    """
    for process in sorted(processes.glob("[0-9]*")):
        if numbers & set(_open_devices(process)):
            yield f"{_text(process / 'comm')} (process {process.name}) has it open"


def _open_devices(process: Path) -> Iterator[str]:
    with suppress(OSError):  # it has ended, or is somebody else's
        for link in (process / "fd").iterdir():
            # Not all are asked what they are: that could wait for a server that is gone.
            if os.fspath(link.readlink()).startswith("/dev/"):
                state = link.stat()
                if stat.S_ISBLK(state.st_mode):
                    yield f"{os.major(state.st_rdev)}:{os.minor(state.st_rdev)}"


def _text(path: Path) -> str:
    """Return what a file of the kernel says; nothing where there is none."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
