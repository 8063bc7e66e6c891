"""autopart, spelled out as the part, volgroup and logvol lines that it stands for."""

from dataclasses import replace

from builder.rehearsal.guest.layout import Firmware
from builder.rehearsal.guest.model import (
    AutoRequest,
    GroupRequest,
    LogicalRequest,
    PartitionRequest,
    StorageRequest,
)

_GROUP = "rehearsal"
_HOME_FROM = 50 * 1024
_ROOT_MOST = 50 * 1024


def expand(
    request: StorageRequest, *, firmware: Firmware, label: str, disk_size: int
) -> StorageRequest:
    """Return the request without autopart: EL 7's proportions for `disk_size` MiB."""
    if request.auto is None:
        return request
    boot = _boot(firmware, label)
    data = _data(request.auto, home=request.auto.home and disk_size >= _HOME_FROM)
    if not request.auto.lvm:
        return replace(request, auto=None, partitions=(*boot, *data))
    physical = PartitionRequest(mountpoint="pv.01", size=1024, grow=True)
    return replace(
        request,
        auto=None,
        partitions=(*boot, physical),
        groups=(GroupRequest(name=_GROUP, physical=("pv.01",)),),
        logicals=tuple(_logical(part) for part in data),
    )


def _boot(firmware: Firmware, label: str) -> tuple[PartitionRequest, ...]:
    boot = PartitionRequest(mountpoint="/boot", fstype="xfs", size=1024)
    if firmware is Firmware.UEFI:
        return (PartitionRequest(mountpoint="/boot/efi", fstype="efi", size=200), boot)
    if label == "gpt":
        return (PartitionRequest(mountpoint="biosboot", fstype="biosboot", size=1), boot)
    return (boot,)


def _data(auto: AutoRequest, *, home: bool) -> tuple[PartitionRequest, ...]:
    fstype = auto.fstype or "xfs"
    most = _ROOT_MOST if home else 0
    root = PartitionRequest(mountpoint="/", fstype=fstype, size=1024, grow=True, max_size=most)
    swap = PartitionRequest(mountpoint="swap", recommended=True)
    if not home:
        return (root, swap)
    return (
        root,
        PartitionRequest(mountpoint="/home", fstype=fstype, size=500, grow=True),
        swap,
    )


def _logical(part: PartitionRequest) -> LogicalRequest:
    return LogicalRequest(
        mountpoint=part.mountpoint,
        group=_GROUP,
        name={"/": "root", "/home": "home"}.get(part.mountpoint, part.mountpoint),
        fstype=part.fstype,
        size=part.size,
        grow=part.grow,
        max_size=part.max_size,
        recommended=part.recommended,
    )
