"""What can be installed."""

import msgspec


class Medium(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ISO of a release."""

    file: str
    sha256: str = ""
    """64 hex digits; empty for a medium that we make ourselves (the rehearsal)."""
    size: int | None = None
    """Bytes, where a reliable source gives them."""
    network: bool = False
    """True when the ISO holds no packages, so that the kickstart must name a URL."""


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the catalogue."""

    name: str
    title: str
    version: str
    arch: str = "x86_64"
    syntax: str
    """pykickstart's name of the kickstart syntax, such as RHEL7."""
    volume_id: str
    osinfo: str
    """libosinfo's identifier, which virt-manager and cockpit understand."""
    kickstart: str
    """Template file under kickstarts/."""
    urls: tuple[str, ...] = ()
    """Folders that hold the ISO files, best first."""
    repository: str = ""
    """Base URL of the packages, for media without packages and for the installed system."""
    media: dict[str, Medium]
    default_medium: str
    memory_mib: int
    disk_gib: int
    vcpus: int = 2
    emulated_cpu: str = "qemu64"
    """Smallest CPU model that runs the release, for hosts without KVM."""
    packages: tuple[str, ...] = ()
    """%packages of the plain golden image."""
    made_here: bool = False
    """True for the rehearsal, whose ISO is made and not downloaded."""
