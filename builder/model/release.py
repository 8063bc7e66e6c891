"""What can be installed."""

from typing import Annotated

import msgspec

Digest = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
FileName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Positive = Annotated[int, msgspec.Meta(gt=0)]


class Medium(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ISO of a release."""

    file: FileName
    sha256: Digest = ""
    """64 hex digits; empty for a medium that we make ourselves (the rehearsal)."""
    size: Positive | None = None
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
    has_onerror: bool = True
    """The installer runs %onerror scripts when it fails, as Anaconda of EL 8 and later does. EL 7
    knows the section since 7.4 (rhbz#1412538), but in cmdline mode it does not run it
    (https://github.com/rhinstaller/anaconda/pull/3974); earlier ones stop at it."""
    volume_id: str
    osinfo: str
    """libosinfo's identifier, which virt-manager and cockpit understand."""
    kickstart: FileName
    """Template file under kickstarts/."""
    urls: tuple[str, ...] = ()
    """Folders that hold the ISO files, best first."""
    repository: str = ""
    """Folder of the package repositories, such as .../7.9.2009, which holds os/x86_64; for media
    without packages and for the installed system."""
    media: dict[str, Medium]
    default_medium: str
    memory_mib: Positive
    disk_gib: Positive
    vcpus: Positive = 2
    emulated_cpu: str = "qemu64"
    """Smallest CPU model that runs the release, for hosts without KVM."""
    installer_args: tuple[str, ...] = ()
    """What the installer's kernel is given beside the kickstart and the console."""
    packages: tuple[str, ...] = ()
    """%packages of the plain golden image."""
    variables: dict[str, object] = {}
    """Where the release wants other defaults than kickstarts/variables.toml."""
    made_here: bool = False
    """True for the rehearsal, whose ISO is made and not downloaded."""
