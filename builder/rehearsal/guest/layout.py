"""The plan of the disks: what is partitioned, formatted and mounted; sizes in MiB."""

from dataclasses import dataclass
from enum import StrEnum


class Firmware(StrEnum):
    """What started the machine."""

    BIOS = "bios"
    UEFI = "uefi"


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A disk as it was found."""

    name: str
    size: int
    blank: bool = True
    """It has no partitions."""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A partition to make; `role` is linux, swap, lvm, efi, biosboot or extended."""

    device: str
    size: int
    role: str = "linux"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A new partition table; `label` is gpt or msdos."""

    disk: str
    label: str
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """A volume group to make."""

    name: str
    devices: tuple[str, ...]
    extent: int


@dataclass(frozen=True, kw_only=True)
class Logical:
    """A logical volume to make."""

    group: str
    name: str
    size: int

    @property
    def device(self) -> str:
        """The device mapper's name, in which a hyphen of ours is doubled."""
        return f"/dev/mapper/{self.group.replace('-', '--')}-{self.name.replace('-', '--')}"


@dataclass(frozen=True, kw_only=True)
class Filesystem:
    """A file system or swap space to make; `fstype` is xfs, ext2 to ext4, vfat or swap."""

    device: str
    fstype: str
    mountpoint: str
    label: str = ""
    options: str = ""

    @property
    def shown(self) -> str:
        """The word for its type on the console."""
        return "efi" if self.mountpoint == "/boot/efi" else self.fstype


@dataclass(frozen=True, kw_only=True)
class DiskLayout:
    """Everything that is to be made."""

    firmware: Firmware
    boot_disk: str
    tables: tuple[Table, ...]
    groups: tuple[Group, ...] = ()
    logicals: tuple[Logical, ...] = ()
    filesystems: tuple[Filesystem, ...] = ()

    def mounts(self) -> tuple[Filesystem, ...]:
        """Return what is mounted, parents first."""
        mounted = [made for made in self.filesystems if made.mountpoint.startswith("/")]
        return tuple(sorted(mounted, key=lambda made: made.mountpoint.rstrip("/").split("/")))

    def swaps(self) -> tuple[Filesystem, ...]:
        """Return the swap spaces."""
        return tuple(made for made in self.filesystems if made.fstype == "swap")
