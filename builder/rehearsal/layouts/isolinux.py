"""Media as EL 7 to 9 have them: isolinux for BIOS, GRUB for UEFI in images/efiboot.img."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from builder.rehearsal.layouts import files
from builder.rehearsal.layouts.layout import PXEBOOT, Layout, Medium

EFI_IMAGE = "images/efiboot.img"
_SYSLINUX = Path("/usr/lib/syslinux/modules/bios")
_ISOLINUX = Path("/usr/lib/ISOLINUX/isolinux.bin")
_HYBRID = Path("/usr/lib/ISOLINUX/isohdpfx.bin")
_MODULES = ("vesamenu.c32", "libcom32.c32", "libutil.c32", "ldlinux.c32")


def lay_out(layout: Layout, medium: Medium) -> None:
    """Put isolinux, GRUB and the kernel into the tree. Raises HostError."""
    files.copy_texts(layout, medium)
    folder = medium.root / "isolinux"
    files.copy_kernel(medium, folder)
    for source in (_ISOLINUX, *(_SYSLINUX / name for name in _MODULES)):
        shutil.copy(files.host_file(source), folder)
    files.copy_kernel(medium, medium.root / PXEBOOT)
    files.efi_partition(medium, medium.root / EFI_IMAGE, timestamp=layout.timestamp)


def boot_options(_medium: Medium) -> Sequence[str | Path]:
    """Return xorriso's options for a CD, which `isohybrid` makes a disk as well, as for EL 8."""
    return [
        "-eltorito-boot", "isolinux/isolinux.bin", "-eltorito-catalog", "isolinux/boot.cat",
        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
        "-eltorito-alt-boot", "-e", EFI_IMAGE, "-no-emul-boot",
    ]  # fmt: skip


def hybrid_boot_options(medium: Medium) -> Sequence[str | Path]:
    """Return xorriso's options for a CD and a disk, as EL 9 is made."""
    return ["-isohybrid-mbr", files.host_file(_HYBRID), *boot_options(medium),
            "-isohybrid-gpt-basdat"]  # fmt: skip
