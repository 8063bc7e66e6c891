"""Kickstart lines about disks, as pykickstart parsed them, into a StorageRequest."""

from typing import Any

from pykickstart import constants

from builder.rehearsal.guest.model import (
    AutoRequest,
    GroupRequest,
    LogicalRequest,
    PartitionRequest,
    StorageRequest,
)


def storage(handler: Any) -> StorageRequest:  # noqa: ANN401  # pykickstart has no types
    """Return what the kickstart wants of the disks."""
    clear, ignore = handler.clearpart, handler.ignoredisk
    cleared = clear.type in (constants.CLEARPART_TYPE_ALL, constants.CLEARPART_TYPE_LINUX)
    return StorageRequest(
        clear=cleared,
        initialise=bool(clear.initAll or handler.zerombr.zerombr),
        disklabel=clear.disklabel or "",
        ignored_disks=tuple(disk_name(name) for name in ignore.ignoredisk),
        only_disks=tuple(disk_name(name) for name in (ignore.onlyuse or clear.drives)),
        partitions=tuple(_partition(line) for line in handler.partition.partitions),
        groups=tuple(_group(line) for line in handler.volgroup.vgList),
        logicals=tuple(_logical(line) for line in handler.logvol.lvList),
        auto=_auto(handler.autopart),
    )


def disk_name(name: str) -> str:
    """Return the kernel's name of a disk that the kickstart names with or without its path."""
    return name.removeprefix("/dev/")


def _partition(line: Any) -> PartitionRequest:  # noqa: ANN401
    return PartitionRequest(
        mountpoint=line.mountpoint,
        fstype=line.fstype or "",
        size=line.size or 0,
        grow=bool(line.grow),
        max_size=line.maxSizeMB or 0,
        primary=bool(line.primOnly),
        disk=disk_name(line.disk),
        recommended=bool(line.recommended or line.hibernation),
        label=line.label or "",
        options=line.fsopts or "",
    )


def _group(line: Any) -> GroupRequest:  # noqa: ANN401
    extent = int(line.pesize or 0) // 1024  # the language counts KiB here
    return GroupRequest(name=line.vgname, physical=tuple(line.physvols), extent=extent or 4)


def _logical(line: Any) -> LogicalRequest:  # noqa: ANN401
    return LogicalRequest(
        mountpoint=line.mountpoint,
        group=line.vgname,
        name=line.name,
        fstype=line.fstype or "",
        size=line.size or 0,
        percent=line.percent or 0,
        grow=bool(line.grow),
        max_size=line.maxSizeMB or 0,
        recommended=bool(line.recommended or line.hibernation),
        label=line.label or "",
        options=line.fsopts or "",
    )


def _auto(line: Any) -> AutoRequest | None:  # noqa: ANN401
    if not line.autopart:
        return None
    kind = constants.AUTOPART_TYPE_LVM if line.type is None else line.type
    lvm = kind in (constants.AUTOPART_TYPE_LVM, constants.AUTOPART_TYPE_LVM_THINP)
    return AutoRequest(lvm=lvm, fstype=line.fstype or "", home=not line.nohome)
