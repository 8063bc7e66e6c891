"""The texts of an EL 10 medium: boot menus, .treeinfo, .discinfo. Pure.

The structure is that of CentOS Stream 10 media, the words are ours.
"""

from collections.abc import Mapping

from builder.rehearsal.layouts import grub_menu
from builder.rehearsal.layouts.entries import ARCH, Entry, ini

PRODUCT = "Builder Rehearsal 10"
VOLUME_ID = "Builder-Rehearsal-10-x86_64"
STAGE2 = "images/install.img"
KERNEL = "images/pxeboot/vmlinuz"
INITRD = "images/pxeboot/initrd.img"
ELTORITO = "images/eltorito.img"
_NAME, _, _VERSION = PRODUCT.rpartition(" ")
_VARIANT = "BaseOS"

_MAIN = (
    Entry(title=f"Install {PRODUCT}", arguments="quiet"),
    Entry(title=f"Test this media & install {PRODUCT}", arguments="rd.live.check quiet"),
)
_TROUBLE = (
    Entry(title=f"Install {PRODUCT} in basic graphics mode", arguments="nomodeset quiet"),
    Entry(title="Rescue a system", arguments="inst.rescue quiet"),
)
_DRIVES = (
    grub_menu.Drive(title="Boot from the first drive", drive="hd0"),
    grub_menu.Drive(title="Boot from the second drive", drive="hd1"),
)


def bios_grub() -> str:
    """Return boot/grub2/grub.cfg."""
    return grub_menu.text(
        grub_menu.Menu(
            volume_id=VOLUME_ID,
            video=grub_menu.BIOS_VIDEO,
            modules=("gzio", "part_gpt", "ext2", "chain"),
            main=_MAIN,
            trouble=_TROUBLE,
            drives=_DRIVES,
        )
    )


def efi_grub() -> str:
    """Return EFI/BOOT/grub.cfg, which the EFI system partition holds as well."""
    return grub_menu.text(
        grub_menu.Menu(volume_id=VOLUME_ID, video=grub_menu.EFI_VIDEO, main=_MAIN, trouble=_TROUBLE)
    )


def treeinfo(timestamp: int, checksums: Mapping[str, str]) -> str:
    """Return .treeinfo in the form of productmd; `checksums` are sha256 by path."""
    return ini(
        {
            "checksums": {path: f"sha256:{digest}" for path, digest in checksums.items()},
            "header": {"type": "productmd.treeinfo", "version": "1.2"},
            f"images-{ARCH}": {"eltorito.img": ELTORITO, "initrd": INITRD, "kernel": KERNEL},
            "release": {"name": _NAME, "short": _NAME.replace(" ", "-"), "version": _VERSION},
            "stage2": {"mainimage": STAGE2},
            "tree": {
                "arch": ARCH,
                "build_timestamp": str(timestamp),
                "platforms": f"{ARCH},xen",
                "variants": _VARIANT,
            },
            f"variant-{_VARIANT}": {
                "id": _VARIANT,
                "name": _VARIANT,
                "packages": "Packages",
                "repository": ".",
                "type": "variant",
                "uid": _VARIANT,
            },
        }
    )


def discinfo(timestamp: int) -> str:
    """Return .discinfo: four lines since EL 8."""
    return f"{timestamp}.000000\n{PRODUCT}\n{ARCH}\nALL\n"
