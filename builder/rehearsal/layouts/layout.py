"""What a layout is: how media of one EL release boot, and where they keep their things."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

INSTALL_IMG = "images/install.img"
"""Where the installer's system is from EL 8 on; the kernel and its initramfs are in PXEBOOT."""
PXEBOOT = "images/pxeboot"


class Medium(msgspec.Struct, frozen=True, kw_only=True):
    """A medium in the making."""

    root: Path
    """The tree of the ISO."""
    work: Path
    """A folder for what goes into the ISO, but not into its tree."""
    target: Path
    """The tree of the system that gets installed, which has the signed loaders."""
    kernel: Path
    initrd: Path


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """An EL release's media. `lay_out` is called first, at the end `boot_options`.

    Its menus are files in ../data/FAMILY/tree, with @PRODUCT@ and @LABEL@ where they name them. The
    structure is that of CentOS's media, the words are ours. The installer's kernel gets
    mitigations=off: without them an emulated one takes half the time, and they guard nothing there.
    It gets no_timer_check, for on a busy host its timer may seem not to work.
    """

    name: str
    family: str
    """Whose installer it speaks like, such as el9."""
    product: str
    version: str
    volume_id: str
    timestamp: int
    """When the release was composed, in seconds since 1970: media do not depend on the clock."""
    stage2: str
    """The path of the installer's system in the tree."""
    repositories: tuple[str, ...] = (".",)
    """Folders of package repositories in the tree, the base system's first."""
    lay_out: Callable[["Layout", Medium], None]
    """Puts the boot files of both firmwares into the medium. Raises HostError."""
    checked: tuple[str, ...] = ()
    """The files whose sha256 .treeinfo gives."""
    boot_options: Callable[[Medium], Sequence[str | Path]]
    """Returns the options of `xorriso -as mkisofs` that make the ISO bootable."""
    isohybrid: bool = False
    """True where isohybrid makes the written ISO boot from a disk; else xorriso does."""
