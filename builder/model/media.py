"""Installer media on their way from a download to a domain's CD drive."""

import re
from pathlib import Path
from typing import Literal, Self

import msgspec

from builder.model.release import Checksums, Medium, Release


def shown(url: str) -> str:
    """Return an address without the user's name and password."""
    return re.sub(r"//[^/]*@", "//", url)


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """Who says that an ISO's sha256 is the right one."""

    state: Literal["", "catalogue", "signed", "listed", "given", "made", "unverified"] = ""
    """Signed and listed: the vendor's list, with and without a signature that holds; given: whoever
    typed it. Empty for a template of earlier times."""
    source: str = ""
    """The list's address."""
    key: str = ""
    """The fingerprint of the primary key that signed it."""

    def __str__(self) -> str:
        """Say so."""
        return {
            "": "",
            "catalogue": "checksum as in the catalogue",
            "signed": f"signed by {self.key} ({self.source.rpartition('/')[2]})",
            "listed": f"checksum only ({self.source.rpartition('/')[2]} is not signed)",
            "given": "checksum as given",
            "made": "made on this machine",
            "unverified": "unverified (as you asked)",
        }[self.state]


class Download(msgspec.Struct, frozen=True, kw_only=True, tag="download"):
    """An ISO that the catalogue knows."""

    urls: tuple[str, ...]
    """Folders that hold it, best first."""
    medium: Medium
    checksums: Checksums | None = None
    """Where its sha256 is found, if the catalogue has none."""
    rolling: bool = False
    """Whether the file keeps its name when its contents change."""

    @classmethod
    def of(cls, release: Release, medium: Medium) -> Self:
        """Return what the release's row says of one of its media."""
        return cls(
            urls=medium.urls or release.urls,
            medium=medium,
            checksums=release.checksums,
            rolling=release.rolling,
        )

    @property
    def title(self) -> str:
        """What people call it."""
        return self.medium.file

    @property
    def sha256(self) -> str:
        """What it must have; empty where the vendor's list says it."""
        return self.medium.sha256

    def __str__(self) -> str:
        """Say where it comes from."""
        if not self.urls:
            return f"{self.medium.file} (no address of it is known)"
        digest = f"sha256 {self.sha256}" if self.sha256 else "sha256 as the vendor's list has it"
        return f"{shown(self.urls[0])}/{self.medium.file} ({digest})"


class AtHand(msgspec.Struct, frozen=True, kw_only=True, tag="at-hand"):
    """An ISO that the user gives."""

    path: Path
    """Absolute, on the host that builds."""
    sha256: str = ""
    """What it must have; empty where the vendor's list says it, and where nobody has to."""
    given: bool = False
    """Whether the user gave the sha256, and not the catalogue."""
    known: Download | None = None
    """What the catalogue says of it, where only the vendor's list has the sha256."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.path.name

    def __str__(self) -> str:
        """Say where it comes from."""
        listed = ", checked against the vendor's list" if self.known else ", unverified"
        return f"{self.path}{'' if self.sha256 else listed}"


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
    voucher: Voucher = Voucher()


class InstallMedia(msgspec.Struct, frozen=True, kw_only=True):
    """An ISO that installs unattended: a staged one with our kickstart and boot entries."""

    path: Path
    format: str
    """"raw" for an ISO of its own, "qcow2" for an overlay on the staged one."""
    volume_id: str
    kickstart_path: str
    """Where the kickstart lies inside, such as /ks.cfg."""
    includes: tuple[str, ...] = ()
    """Files that the kickstart includes while it installs: the installer counts their own lines."""
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
