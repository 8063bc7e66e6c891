"""Installer media on their way from a download to a domain's CD drive."""

import re
from pathlib import Path

import msgspec

from builder.model.release import Medium


def shown(url: str) -> str:
    """Return an address without the user's name and password."""
    return re.sub(r"//[^/]*@", "//", url)


class AtHand(msgspec.Struct, frozen=True, kw_only=True, tag="at-hand"):
    """An ISO that the user gives."""

    path: Path
    """Absolute, on the host that builds."""
    sha256: str = ""
    """What it must have; empty takes it whatever it has."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.path.name

    def __str__(self) -> str:
        """Say where it comes from."""
        return f"{self.path}{'' if self.sha256 else ', unverified'}"


class Download(msgspec.Struct, frozen=True, kw_only=True, tag="download"):
    """An ISO that the catalogue knows."""

    urls: tuple[str, ...]
    """Folders that hold it, best first."""
    medium: Medium

    @property
    def title(self) -> str:
        """What people call it."""
        return self.medium.file

    @property
    def sha256(self) -> str:
        """What it must have."""
        return self.medium.sha256

    def __str__(self) -> str:
        """Say where it comes from."""
        return f"{shown(self.urls[0])}/{self.medium.file} (sha256 {self.medium.sha256})"


class Made(msgspec.Struct, frozen=True, kw_only=True, tag="made"):
    """The rehearsal's ISO, made on the host that builds."""

    title: str
    """What people call it."""
    layout: str
    """Of which EL's media it has the form: el9, el9-minimal."""
    sha256: str = ""
    """Unknown before it is made."""

    def __str__(self) -> str:
        """Say where it comes from."""
        return f"{self.title} (made on this machine)"


IsoSource = AtHand | Download | Made


class StagedIso(msgspec.Struct, frozen=True, kw_only=True):
    """A verified ISO in the iso pool."""

    pool: str
    volume: str
    path: Path
    sha256: str
    size: int
    volume_id: str


class InstallMedia(msgspec.Struct, frozen=True, kw_only=True):
    """An ISO that installs unattended: a staged one with our kickstart and boot entries."""

    path: Path
    format: str
    """"raw" for an ISO of its own, "qcow2" for an overlay on the staged one."""
    volume_id: str
    kickstart_path: str
    """Where the kickstart lies inside, such as /ks.cfg."""
    size: int
    added: tuple[int, int] = (0, 0)
    """Files and folders that went along."""


class BootEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One El Torito entry of an ISO."""

    platform: str
    """"bios" or "uefi"."""
    path: str
    """The file whose extent it boots, or the partition; empty when it is neither."""
    lba: int


class IsoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an ISO says of itself."""

    volume_id: str
    size: int
    layout: str
    """"isolinux" (EL 7 to 9), "grub2" (EL 10) or "unknown"."""
    product: str
    version: str
    arch: str
    boot_configs: tuple[str, ...]
    boot_entries: tuple[BootEntry, ...]
    partitions: tuple[str, ...]
    """How a disk's firmware sees it: "GPT 2 from sector 88 to 1111"; none on a plain CD."""
    names: tuple[str, ...]
    """The kinds of names that its files have: "Rock Ridge", "Joliet"; "UDF" and "HFS+" are no
    trees of ISO 9660, and keep it from being remastered."""
    media_check: bool
    """Whether it has a sum for the installer's media check; `builder iso verify` tests it."""
    stage2: str
    """Path of the installer's runtime image inside the ISO; empty if there is none."""
