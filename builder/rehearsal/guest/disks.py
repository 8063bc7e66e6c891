"""Finds the disks and carries out their layout."""

import os
from pathlib import Path

from builder.rehearsal.guest.layout import Disk, DiskLayout, Filesystem, Firmware, Partition, Table
from builder.rehearsal.guest.planning import Machine
from builder.rehearsal.guest.programs import Runner

_SYS = Path("/sys")
_MIB = 1024 * 1024
_SECTOR = 512
_NO_UDEV = "activation{udev_sync=0 udev_rules=0} devices{use_devicesfile=0}"

# sfdisk takes its own short names for GPT and one hexadecimal byte for DOS tables.
_TYPES = {
    "gpt": {
        "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
        "swap": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
        "lvm": "E6D6D379-F507-44C2-A23C-238F2A3DF928",
        "efi": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
        "biosboot": "21686148-6449-6E6F-744E-656564454649",
    },
    "msdos": {"linux": "83", "swap": "82", "lvm": "8e", "efi": "ef", "extended": "5"},
}


def probe() -> Machine:
    """Return the machine as it is: its disks by name, its firmware, its memory."""
    blocks = sorted(_SYS.glob("block/*"), key=lambda block: (len(block.name), block.name))
    kibibytes = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    return Machine(
        disks=tuple(_disk(block) for block in blocks if _is_disk(block)),
        firmware=Firmware.UEFI if (_SYS / "firmware/efi").exists() else Firmware.BIOS,
        memory=kibibytes // 1024,
    )


def _is_disk(block: Path) -> bool:
    name = block.name
    if not name.startswith(("sd", "vd", "xvd", "nvme", "hd")):
        return False
    return (block / "ro").read_text().strip() == "0" and (block / "size").read_text() != "0\n"


def _disk(block: Path) -> Disk:
    sectors = int((block / "size").read_text())
    blank = not any(child.name.startswith(block.name) for child in block.iterdir())
    return Disk(name=block.name, size=sectors * _SECTOR // _MIB, blank=blank)


def apply(layout: DiskLayout, runner: Runner) -> None:
    """Make the tables, groups, volumes and file systems. Raises Failure."""
    runner.run("lvm", "vgchange", "--config", _NO_UDEV, "-an", check=False)
    for table in layout.tables:
        _partition(table, runner)
    for group in layout.groups:
        for device in group.devices:
            runner.console.say(f"Creating lvmpv on {device}")
            _lvm(runner, "pvcreate", "-ff", "-y", device)
        extent = f"{group.extent}m"
        _lvm(runner, "vgcreate", "--physicalextentsize", extent, group.name, *group.devices)
    for logical in layout.logicals:
        size = f"{logical.size}m"
        argv = ("lvcreate", "-y", "-Wy", "-Zy", "-L", size, "-n", logical.name, logical.group)
        _lvm(runner, *argv)
    for made in layout.filesystems:
        runner.console.say(f"Creating {made.shown} on {made.device}")
        runner.run(*_mkfs(made))


def _lvm(runner: Runner, *argv: str) -> None:
    runner.run("lvm", argv[0], "--config", _NO_UDEV, *argv[1:])


def _partition(table: Table, runner: Runner) -> None:
    disk = f"/dev/{table.disk}"
    runner.console.say(f"Creating disklabel on {disk}")
    runner.run("wipefs", "--all", "--force", disk)
    runner.run("sfdisk", "--wipe", "always", "--wipe-partitions", "always", disk,
               stdin=script(table))  # fmt: skip


def script(table: Table) -> str:
    """Return sfdisk's input for a table."""
    label = "dos" if table.label == "msdos" else table.label
    numbered = sorted(table.partitions, key=_number)
    return "".join([f"label: {label}\n", *(_line(table, part) for part in numbered)])


def _number(partition: Partition) -> int:
    digits = len(partition.device) - len(partition.device.rstrip("0123456789"))
    return int(partition.device[-digits:])


def _line(table: Table, partition: Partition) -> str:
    # The extended partition takes what is left, so that rounding never leaves its logicals short.
    size = "" if partition.role == "extended" else f"size={partition.size}MiB, "
    return f"{_number(partition)} : {size}type={_TYPES[table.label][partition.role]}\n"


def _mkfs(made: Filesystem) -> list[str]:
    label = ["-n" if made.fstype == "vfat" else "-L", made.label] if made.label else []
    options = {
        "swap": ["mkswap"],
        "vfat": ["mkfs.vfat", "-F", "32"],
        "xfs": ["mkfs.xfs", "-f"],
    }
    return [*options.get(made.fstype, [f"mkfs.{made.fstype}", "-q", "-F"]), *label, made.device]


def mount(layout: DiskLayout, runner: Runner) -> None:
    """Mount the new file systems under the system root, and what programs need there."""
    for made in layout.mounts():
        where = runner.sysroot / made.mountpoint.lstrip("/")
        where.mkdir(parents=True, exist_ok=True)
        options = ["-o", made.options] if made.options else []
        runner.run("mount", "-t", made.fstype, *options, made.device, where)
    for name in ("dev", "proc", "sys", "run"):
        where = runner.sysroot / name
        where.mkdir(exist_ok=True)
        # Not /run itself: the installed system must not find the installer's there.
        source = ["-t", "tmpfs", "tmpfs"] if name == "run" else ["--rbind", f"/{name}"]
        runner.run("mount", *source, where)


def unmount(runner: Runner) -> None:
    """Unmount everything again and write it all to the disk."""
    runner.run("umount", "--recursive", runner.sysroot, check=False)
    os.sync()


def fstab(layout: DiskLayout, uuids: dict[str, str]) -> str:
    """Return the table of file systems; `uuids` by device."""
    lines = [
        f"UUID={uuids[made.device]} {made.mountpoint} {made.fstype} "
        f"{made.options or _default_options(made)} 0 {_pass(made)}"
        for made in layout.mounts()
    ]
    lines += [f"UUID={uuids[made.device]} none swap defaults 0 0" for made in layout.swaps()]
    return "\n".join([*lines, ""])


def _default_options(made: Filesystem) -> str:
    return "umask=0077,shortname=winnt" if made.mountpoint == "/boot/efi" else "defaults"


def _pass(made: Filesystem) -> int:
    if made.fstype == "xfs":  # its log needs no check, and fsck.xfs does nothing
        return 0
    return 1 if made.mountpoint == "/" else 2
