"""What is asked for: one template."""

from pathlib import Path

import msgspec

from builder.model.kickstart import DEFAULT_PROFILE, OwnKickstart, Profile, RenderOptions
from builder.model.release import Medium, Release


class BuildOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One release and profile, with everything that a user may say about the build."""

    release: Release
    kickstart: OwnKickstart | None = None
    """The user's own; None takes the release's."""
    profile: Profile = Profile()
    options: RenderOptions = RenderOptions()
    iso: Path | None = None
    """An ISO at hand, instead of a download."""
    allow_unverified: bool = False
    """Take that ISO whatever its checksum."""
    kickstarts: Path | None = None
    """The user's own folder of kickstarts, searched before ours."""
    compression: str = "zstd"
    """"zstd", or "zlib" for images that QEMU before 5.1 can read."""
    waive: tuple[str, ...] = ()
    """Names of checks that need not pass."""
    memory_mib: int = 0
    """0 means what the release recommends; so for the next two."""
    vcpus: int = 0
    disk_gib: int = 0

    @property
    def variant(self) -> str:
        """The wanted key of the release's media."""
        return self.options.medium or self.release.default_medium

    @property
    def medium(self) -> Medium:
        """The catalogue's row of the wanted ISO."""
        return self.release.media[self.variant]

    @property
    def capacity(self) -> int:
        """Virtual size of the disk in bytes."""
        return (self.disk_gib or self.release.disk_gib) * 2**30

    @property
    def name(self) -> str:
        """The template's name: what differs from the release's plain image is part of it."""
        parts = [self.release.name]
        if self.variant != self.release.default_medium:
            parts.append(self.variant)
        if self.kickstart and self.kickstart.stem:
            parts.append(self.kickstart.stem)
        if self.profile.name != DEFAULT_PROFILE:
            parts.append(self.profile.name)
        if self.options.firmware != "bios":
            parts.append(self.options.firmware)
        return "-".join(parts)
