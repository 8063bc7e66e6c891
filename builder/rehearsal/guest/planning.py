"""From the kickstart's edits and the disks at hand to the plan; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from builder.rehearsal.guest.autopart import expand
from builder.rehearsal.guest.family import FAMILIES, Family
from builder.rehearsal.guest.layout import (
    Disk,
    DiskLayout,
    Filesystem,
    Firmware,
    Group,
    Logical,
    Partition,
    Table,
)
from builder.rehearsal.guest.model import (
    Failure,
    LogicalRequest,
    PartitionRequest,
    StorageRequest,
)
from builder.rehearsal.guest.sizes import Want, recommended_swap, share

_NO_DEVICES = (
    "An error has occurred - no valid devices were found on which to create new file systems."
)
_PRIMARIES = 4
_REFUSED = "The following errors occurred with your partitioning:\n"
_WORDS = {
    "root": f"{_REFUSED}no root partition (/) is defined",
    "efi": f"{_REFUSED}a UEFI machine needs an EFI System Partition at /boot/efi",
    "biosboot": f"{_REFUSED}a BIOS machine needs a biosboot partition of 1 MiB on a GPT disk",
}
_SENTENCES = {
    "root": "You have not defined a root partition (/), which is required for installation of "
    "Builder Rehearsal to continue.",
    "efi": "For a UEFI installation, you must include an EFI System Partition on a GPT-formatted "
    "disk, mounted at /boot/efi.",
    "biosboot": "Your BIOS-based system needs a special partition to boot from a GPT disk label. "
    "To continue, please create a 1MiB 'biosboot' type partition on the {disk} disk.",
}
"""From EL 8 on."""
_FILESYSTEMS = ("xfs", "ext2", "ext3", "ext4", "vfat", "swap")


class Refused(Failure):
    """The storage checker says no; the message is its own."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the plan has to suit; memory in MiB."""

    disks: tuple[Disk, ...]
    firmware: Firmware
    memory: int


@dataclass(frozen=True, kw_only=True)
class _Placed:
    request: PartitionRequest
    partition: Partition


def plan(
    request: StorageRequest, machine: Machine, *, family: Family = FAMILIES["el7"]
) -> DiskLayout:
    """Lay out the disks as the family does.

    Raises Failure with the installer's text when the edits cannot be met.
    """
    disks = _usable(request, machine.disks)
    gpt = family.gpt or machine.firmware is Firmware.UEFI
    label = request.disklabel or ("gpt" if gpt else "msdos")
    request = expand(request, firmware=machine.firmware, label=label, disk_size=disks[0].size)
    chosen = _choose(request.partitions, disks)
    tables, placed = [], []
    for disk in disks:
        wanted = [part for part, name in chosen if name == disk.name]
        if wanted:
            made = _partition(disk, label, wanted, memory=machine.memory)
            tables.append(Table(disk=disk.name, label=label, partitions=made[0]))
            placed += made[1]
    layout = _layout(request, machine, tables, placed)
    _check(layout, _SENTENCES if family.dnf else _WORDS)
    return layout


def _usable(request: StorageRequest, disks: Sequence[Disk]) -> tuple[Disk, ...]:
    usable = tuple(
        disk
        for disk in disks
        if disk.name not in request.ignored_disks
        and (not request.only_disks or disk.name in request.only_disks)
        and (request.initialise if disk.blank else request.clear)
    )
    if not usable:
        raise Failure(_NO_DEVICES)
    return usable


def _choose(
    parts: Sequence[PartitionRequest], disks: Sequence[Disk]
) -> list[tuple[PartitionRequest, str]]:
    free = {disk.name: disk.size for disk in disks}
    chosen = []
    for part in parts:
        if part.disk and part.disk not in free:
            raise Failure(f"storage configuration failed: there is no usable disk {part.disk}")
        fitting = (name for name in free if free[name] >= part.size)
        name = part.disk or next(fitting, disks[0].name)
        free[name] -= part.size
        chosen.append((part, name))
    return chosen


def _partition(
    disk: Disk, label: str, parts: Sequence[PartitionRequest], *, memory: int
) -> tuple[tuple[Partition, ...], list[_Placed]]:
    extended = label == "msdos" and len(parts) > _PRIMARIES
    # One MiB in front of everything, one for the second GPT, and one for each logical's own table.
    room = disk.size - 2 - (len(parts) - _PRIMARIES + 2 if extended else 0)
    wants = [_want(part, memory=memory, disk=disk.size) for part in parts]
    ordered = sorted(
        zip(parts, share(wants, room), strict=True), key=lambda pair: not pair[0].primary
    )
    partitions = []
    placed = []
    for position, (part, size) in enumerate(ordered):
        if extended and position == _PRIMARIES - 1:
            rest = sum(size + 1 for _, size in ordered[position:])
            partitions.append(_named(disk, _PRIMARIES, rest, "extended"))
        number = position + (2 if extended and position >= _PRIMARIES - 1 else 1)
        made = _named(disk, number, size, _role(part))
        partitions.append(made)
        placed.append(_Placed(request=part, partition=made))
    return tuple(partitions), placed


def _named(disk: Disk, number: int, size: int, role: str) -> Partition:
    between = "p" if disk.name[-1].isdigit() else ""
    return Partition(device=f"/dev/{disk.name}{between}{number}", size=size, role=role)


def _role(part: PartitionRequest) -> str:
    if part.mountpoint.startswith("pv."):
        return "lvm"
    if part.mountpoint == "/boot/efi" or part.fstype == "efi":
        return "efi"
    return part.mountpoint if part.mountpoint in ("swap", "biosboot") else "linux"


def _layout(
    request: StorageRequest, machine: Machine, tables: Sequence[Table], placed: Sequence[_Placed]
) -> DiskLayout:
    physical = {made.request.mountpoint: made.partition for made in placed}
    logicals = _logicals(request, machine, physical)
    return DiskLayout(
        firmware=machine.firmware,
        boot_disk=tables[0].disk if tables else "",
        tables=tuple(tables),
        groups=tuple(
            Group(
                name=group.name,
                devices=tuple(_physical(name, physical).device for name in group.physical),
                extent=group.extent,
            )
            for group in request.groups
        ),
        logicals=tuple(logical for logical, _ in logicals),
        filesystems=(
            *(_filesystem(made.request, made.partition.device) for made in placed if _holds(made)),
            *(_filesystem(line, logical.device) for logical, line in logicals),
        ),
    )


def _physical(name: str, physical: dict[str, Partition]) -> Partition:
    if name not in physical:
        raise Failure(f"storage configuration failed: there is no physical volume {name}")
    return physical[name]


def _holds(made: _Placed) -> bool:
    return made.partition.role not in ("lvm", "biosboot")


def _logicals(
    request: StorageRequest, machine: Machine, physical: dict[str, Partition]
) -> list[tuple[Logical, LogicalRequest]]:
    made = []
    for group in request.groups:
        lines = [line for line in request.logicals if line.group == group.name]
        disk = sum(_physical(name, physical).size for name in group.physical)
        # Each physical volume keeps its first MiB for the metadata.
        room = sum((_physical(name, physical).size - 1) // group.extent for name in group.physical)
        wants = [
            _in_extents(_want(line, memory=machine.memory, disk=disk), line, group.extent, room)
            for line in lines
        ]
        sizes = share(wants, room)
        made += [
            (Logical(group=group.name, name=line.name, size=size * group.extent), line)
            for line, size in zip(lines, sizes, strict=True)
        ]
    return made


def _want(line: PartitionRequest | LogicalRequest, *, memory: int, disk: int) -> Want:
    size = recommended_swap(memory, disk) if line.recommended else line.size
    return Want(size=size, grow=line.grow, most=line.max_size)


def _in_extents(want: Want, line: LogicalRequest, extent: int, room: int) -> Want:
    extents = room * line.percent // 100 if line.percent else -(-want.size // extent)
    return Want(size=extents, grow=want.grow, most=want.most // extent)


def _filesystem(request: PartitionRequest | LogicalRequest, device: str) -> Filesystem:
    fstype = "swap" if request.mountpoint == "swap" else request.fstype or "xfs"
    fstype = "vfat" if fstype == "efi" else fstype
    if fstype not in _FILESYSTEMS:
        raise Failure(f"storage configuration failed: file system type {fstype} is not supported")
    return Filesystem(
        device=device,
        fstype=fstype,
        mountpoint=request.mountpoint,
        label=request.label,
        options=request.options,
    )


def _check(layout: DiskLayout, words: dict[str, str]) -> None:
    roles = {part.role for table in layout.tables for part in table.partitions}
    labels = {table.label for table in layout.tables}
    if "/" not in [made.mountpoint for made in layout.filesystems]:
        raise Refused(words["root"])
    if layout.firmware is Firmware.UEFI and "efi" not in roles:
        raise Refused(words["efi"])
    if layout.firmware is Firmware.BIOS and labels == {"gpt"} and "biosboot" not in roles:
        raise Refused(words["biosboot"].format(disk=layout.boot_disk))
