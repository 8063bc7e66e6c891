"""What is asked for: one template."""

from typing import Literal

import msgspec

from builder.model.kickstart import (
    DEFAULT_PROFILE,
    Checks,
    KickstartSource,
    Profile,
    Secrets,
)
from builder.model.media import IsoSource
from builder.model.release import Firmware, Medium, Release

Rebuild = Literal["relevant", "changed", "always"]
"""When a template is built again. relevant: of a package repository counts what is in the image, or
would newly be. changed: as soon as the repository is another one. always: whatever has changed."""

LABEL = r"(?=.{1,100}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
"""What people may add to a template's name; it never looks like a version."""
LABELS = "100 small letters and digits at most, a letter first; dashes may be between them."


class BuildOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One release and profile, with everything that a user may say about the build.

    It holds texts and digests, no path of the user's but that of an ISO at hand: any process, on
    any host with the same builder, makes the same kickstart and the same build key of it.
    """

    release: Release
    variant: str
    """The wanted key of the release's media."""
    firmware: Firmware = "bios"
    """What the image boots with."""
    secure_boot: bool = False
    """Whether its machines are to start only what is signed."""
    tpm: bool = False
    """Whether they are to have a TPM."""
    profile: Profile = Profile()
    checks: Checks = Checks()
    """The profile's."""
    kickstart: KickstartSource
    variables: dict[str, str] = {}
    """As given by the user (--set name=value), not yet converted."""
    secrets: Secrets = Secrets()
    iso: IsoSource
    compression: Literal["zstd", "zlib"] = "zstd"
    """zlib is for images that QEMU before 5.1 can read."""
    waive: tuple[str, ...] = ()
    """Names of checks that need not pass."""
    label: str = ""
    """What the template's name ends with, for images that differ by variables alone."""
    memory_mib: int = 0
    """0 means what the release recommends; so for the next two."""
    vcpus: int = 0
    disk_gib: int = 0

    @property
    def medium(self) -> Medium:
        """The catalogue's row of the wanted ISO."""
        return self.release.media[self.variant]

    @property
    def capacity(self) -> int:
        """Virtual size of the disk in bytes."""
        return self.capacity_gib * 2**30

    @property
    def capacity_gib(self) -> int:
        """The same in GiB."""
        return self.disk_gib or self.release.disk_gib

    @property
    def trial(self) -> str:
        """How far its clones are booted, for people."""
        both = " by UEFI and by BIOS" if self.firmware == "hybrid" else ""
        return f"to their login prompts{both}"

    @property
    def name(self) -> str:
        """The template's name: what differs from the release's plain image is part of it."""
        return template_name(
            self.release,
            self.variant,
            kickstart=self.kickstart.stem if self.kickstart.own else "",
            profile=self.profile.name,
            hardware=hardware_name(self.firmware, secure_boot=self.secure_boot, tpm=self.tpm),
            label=self.label,
        )


def hardware_name(firmware: str, *, secure_boot: bool = False, tpm: bool = False) -> str:
    """Return what a template's name says of the machine that it is for; empty for a plain one."""
    parts = (firmware * (firmware != "bios"), "secureboot" * secure_boot, "tpm" * tpm)
    return "-".join(filter(None, parts))


def template_name(
    release: Release,
    variant: str,
    *,
    kickstart: str = "",
    profile: str,
    hardware: str = "",
    label: str = "",
) -> str:
    """Return the name of a template.

    `kickstart` is the stem of one at hand, `hardware` what `hardware_name` says.
    """
    parts = (
        release.name,
        variant if variant != release.default_medium else "",
        kickstart,
        profile if profile != DEFAULT_PROFILE else "",
        hardware,
        label,
    )
    return "-".join(filter(None, parts))
