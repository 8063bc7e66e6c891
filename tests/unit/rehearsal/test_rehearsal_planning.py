"""The installer's plan of the disks, from kickstart requests: tables."""

from dataclasses import replace

import pytest

from builder.rehearsal.guest.disks import fstab, script
from builder.rehearsal.guest.layout import Disk, DiskLayout, Filesystem, Firmware
from builder.rehearsal.guest.model import (
    AutoRequest,
    Failure,
    GroupRequest,
    LogicalRequest,
    PartitionRequest,
    StorageRequest,
)
from builder.rehearsal.guest.planning import Machine, plan
from builder.rehearsal.guest.sizes import Want, recommended_swap, share

BOOT = PartitionRequest(mountpoint="/boot", fstype="xfs", size=512)
SWAP = PartitionRequest(mountpoint="swap", size=256)
ROOT = PartitionRequest(mountpoint="/", fstype="xfs", size=1024, grow=True)
BIOSBOOT = PartitionRequest(mountpoint="biosboot", fstype="biosboot", size=1)
EFI = PartitionRequest(mountpoint="/boot/efi", fstype="efi", size=200)


def machine(
    *sizes: int, firmware: Firmware = Firmware.BIOS, blank: bool = True, first: str = "sda"
) -> Machine:
    names = zip((first, "sdb"), sizes, strict=False)
    disks = tuple(Disk(name=name, size=size, blank=blank) for name, size in names)
    return Machine(disks=disks, firmware=firmware, memory=2048)


def request(*partitions: PartitionRequest, **changes: object) -> StorageRequest:
    """Return a request for these partitions on a disk that may be cleared."""
    given = StorageRequest(clear=True, initialise=True, partitions=partitions)
    return replace(given, **changes)  # type: ignore[arg-type]  # what a test names


def partitions(layout: DiskLayout) -> list[tuple[str, int, str]]:
    return [
        (part.device, part.size, part.role) for table in layout.tables for part in table.partitions
    ]


@pytest.mark.parametrize(
    ("wants", "room", "expected"),
    [
        ([Want(size=10), Want(size=20)], 100, (10, 20)),
        ([Want(size=10), Want(size=20, grow=True)], 100, (10, 90)),
        ([Want(size=10, grow=True), Want(size=30, grow=True)], 80, (20, 60)),
        ([Want(size=10, grow=True, most=15), Want(size=10, grow=True)], 100, (15, 85)),
        ([Want(size=10, grow=True, most=15)], 100, (15,)),
        ([Want(size=0, grow=True)], 7, (7,)),
        ([Want(size=1, grow=True), Want(size=1, grow=True)], 3, (2, 1)),
        ([], 5, ()),
    ],
)
def test_share(wants: list[Want], room: int, expected: tuple[int, ...]) -> None:
    assert share(wants, room) == expected


def test_share_refuses_what_does_not_fit() -> None:
    with pytest.raises(Failure, match=r"storage configuration failed: .* 5 MiB are missing"):
        share([Want(size=15)], 10)


@pytest.mark.parametrize(
    ("memory", "disk", "expected"),
    [(1024, 100_000, 2048), (2048, 100_000, 2048), (65536, 200_000, 8192), (2048, 8192, 819)],
)
def test_recommended_swap(memory: int, disk: int, expected: int) -> None:
    assert recommended_swap(memory, disk) == expected


def test_plain_partitions_on_bios() -> None:
    layout = plan(request(BOOT, SWAP, ROOT), machine(8192))
    assert partitions(layout) == [
        ("/dev/sda1", 512, "linux"),
        ("/dev/sda2", 256, "swap"),
        ("/dev/sda3", 8192 - 2 - 512 - 256, "linux"),
    ]
    assert layout.tables[0].label == "msdos"
    assert layout.boot_disk == "sda"
    assert [(made.device, made.fstype, made.mountpoint) for made in layout.filesystems] == [
        ("/dev/sda1", "xfs", "/boot"),
        ("/dev/sda2", "swap", "swap"),
        ("/dev/sda3", "xfs", "/"),
    ]
    assert [made.mountpoint for made in layout.mounts()] == ["/", "/boot"]
    assert script(layout.tables[0]) == (
        "label: dos\n"
        "1 : size=512MiB, type=83\n"
        "2 : size=256MiB, type=82\n"
        "3 : size=7422MiB, type=83\n"
    )


def test_primary_partitions_come_first() -> None:
    layout = plan(request(ROOT, replace(BOOT, primary=True)), machine(8192))
    assert [made.mountpoint for made in layout.filesystems] == ["/boot", "/"]


def test_a_fifth_partition_makes_an_extended_one_that_is_written_before_its_logicals() -> None:
    data = [PartitionRequest(mountpoint=f"/d{n}", size=100) for n in range(3)]
    layout = plan(request(BOOT, ROOT, *data), machine(8192))
    assert [(device, role) for device, _, role in partitions(layout)] == [
        ("/dev/sda1", "linux"),
        ("/dev/sda2", "linux"),
        ("/dev/sda3", "linux"),
        ("/dev/sda4", "extended"),
        ("/dev/sda5", "linux"),
        ("/dev/sda6", "linux"),
    ]
    sizes = {device: size for device, size, _ in partitions(layout)}
    assert sum(sizes[f"/dev/sda{n}"] for n in (1, 2, 3, 4)) <= 8192 - 2
    assert len(layout.filesystems) == 5
    lines = script(layout.tables[0]).splitlines()
    assert lines[4] == "4 : type=5"
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "4", "5", "6"]


def test_uefi_takes_gpt_by_itself() -> None:
    layout = plan(request(EFI, BOOT, ROOT), machine(8192, firmware=Firmware.UEFI))
    assert layout.tables[0].label == "gpt"
    assert partitions(layout)[0] == ("/dev/sda1", 200, "efi")
    assert layout.filesystems[0].fstype == "vfat"
    assert layout.filesystems[0].shown == "efi"


def test_biosboot_holds_no_file_system() -> None:
    layout = plan(request(BIOSBOOT, ROOT, disklabel="gpt"), machine(8192))
    assert partitions(layout)[0] == ("/dev/sda1", 1, "biosboot")
    assert [made.mountpoint for made in layout.filesystems] == ["/"]


@pytest.mark.parametrize(("disk", "device"), [("vda", "/dev/vda1"), ("nvme0n1", "/dev/nvme0n1p1")])
def test_partition_names(disk: str, device: str) -> None:
    layout = plan(request(ROOT), machine(4096, first=disk))
    assert partitions(layout)[0][0] == device


def test_partitions_go_to_the_disk_that_is_named() -> None:
    data = PartitionRequest(mountpoint="/data", size=100, grow=True, disk="sdb")
    layout = plan(request(ROOT, data), machine(4096, 2048))
    assert partitions(layout) == [
        ("/dev/sda1", 4094, "linux"),
        ("/dev/sdb1", 2046, "linux"),
    ]


def test_volumes() -> None:
    storage = request(
        BOOT,
        PartitionRequest(mountpoint="pv.01", size=1024, grow=True),
        groups=(GroupRequest(name="vg-one", physical=("pv.01",)),),
        logicals=(
            LogicalRequest(mountpoint="swap", group="vg-one", name="swap", size=255),
            LogicalRequest(mountpoint="/", group="vg-one", name="root", size=1024, grow=True),
        ),
    )
    layout = plan(storage, machine(4096))
    physical = 4096 - 2 - 512
    assert partitions(layout)[1] == ("/dev/sda2", physical, "lvm")
    assert [(logical.device, logical.size) for logical in layout.logicals] == [
        ("/dev/mapper/vg--one-swap", 256),
        ("/dev/mapper/vg--one-root", (physical - 1) // 4 * 4 - 256),
    ]
    assert [made.fstype for made in layout.filesystems] == ["xfs", "swap", "xfs"]


def test_autopart_with_volumes() -> None:
    layout = plan(request(auto=AutoRequest()), machine(10 * 1024))
    assert [role for _, _, role in partitions(layout)] == ["linux", "lvm"]
    assert [logical.name for logical in layout.logicals] == ["root", "swap"]
    assert layout.logicals[1].size == 924  # a tenth of the physical volume, in whole extents


def test_autopart_makes_a_home_on_a_big_disk() -> None:
    layout = plan(request(auto=AutoRequest()), machine(200 * 1024))
    assert {logical.name: logical.size for logical in layout.logicals}["root"] == 50 * 1024
    assert "/home" in [made.mountpoint for made in layout.mounts()]


@pytest.mark.parametrize(
    ("firmware", "label", "roles"),
    [
        (Firmware.BIOS, "", ["linux", "linux", "swap"]),
        (Firmware.BIOS, "gpt", ["biosboot", "linux", "linux", "swap"]),
        (Firmware.UEFI, "", ["efi", "linux", "linux", "swap"]),
    ],
)
def test_plain_autopart(firmware: Firmware, label: str, roles: list[str]) -> None:
    storage = request(disklabel=label, auto=AutoRequest(lvm=False))
    layout = plan(storage, machine(10 * 1024, firmware=firmware))
    assert [role for _, _, role in partitions(layout)] == roles


NO_DEVICES = "no valid devices were found"


@pytest.mark.parametrize(
    ("storage", "where", "message"),
    [
        (request(ROOT), machine(), NO_DEVICES),
        (request(ROOT, initialise=False), machine(8192), NO_DEVICES),
        (request(ROOT, clear=False), machine(8192, blank=False), NO_DEVICES),
        (request(ROOT, only_disks=("vda",)), machine(8192), NO_DEVICES),
        (request(ROOT, ignored_disks=("sda",)), machine(8192), NO_DEVICES),
        (request(BOOT), machine(8192), "no root partition"),
        (request(ROOT), machine(512), "not enough free space"),
        (request(ROOT, disklabel="gpt"), machine(8192), "biosboot"),
        (request(ROOT), machine(8192, firmware=Firmware.UEFI), "EFI System Partition"),
        (request(replace(ROOT, fstype="btrfs")), machine(8192), "btrfs is not supported"),
        (request(replace(ROOT, disk="sdx")), machine(8192), "no usable disk sdx"),
        (
            request(ROOT, groups=(GroupRequest(name="vg", physical=("pv.9",)),)),
            machine(8192),
            "no physical volume pv.9",
        ),
    ],
)
def test_what_cannot_be_planned(storage: StorageRequest, where: Machine, message: str) -> None:
    with pytest.raises(Failure, match=message):
        plan(storage, where)


def test_fstab() -> None:
    layout = plan(request(EFI, BOOT, SWAP, ROOT), machine(8192, firmware=Firmware.UEFI))
    uuids = {made.device: f"id-{made.device[-1]}" for made in layout.filesystems}
    assert fstab(layout, uuids) == (
        "UUID=id-4 / xfs defaults 0 0\n"
        "UUID=id-2 /boot xfs defaults 0 0\n"
        "UUID=id-1 /boot/efi vfat umask=0077,shortname=winnt 0 2\n"
        "UUID=id-3 none swap defaults 0 0\n"
    )


def test_mounts_come_after_their_parents() -> None:
    places = ("/var/log", "/", "/var", "/boot")
    made = tuple(Filesystem(device=place, fstype="ext4", mountpoint=place) for place in places)
    layout = DiskLayout(firmware=Firmware.BIOS, boot_disk="sda", tables=(), filesystems=made)
    assert [one.mountpoint for one in layout.mounts()] == ["/", "/boot", "/var", "/var/log"]
