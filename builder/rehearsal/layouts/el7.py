"""Media as EL 7 has them: isolinux for BIOS, GRUB for UEFI in images/efiboot.img."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from builder.rehearsal.layouts import files
from builder.rehearsal.layouts.layout import Layout, Medium

_SYSLINUX = Path("/usr/lib/syslinux/modules/bios")
_ISOLINUX = Path("/usr/lib/ISOLINUX/isolinux.bin")
_MODULES = ("vesamenu.c32", "libcom32.c32", "libutil.c32", "ldlinux.c32")
_TIMESTAMP = 1603729576  # CentOS 7.9


def _lay_out(medium: Medium) -> None:
    files.copy_texts(medium, "el7")
    _isolinux(medium)
    files.copy_kernel(medium, medium.root / "images/pxeboot")
    files.efi_partition(medium, medium.root / "images/efiboot.img", timestamp=_TIMESTAMP)


def _isolinux(medium: Medium) -> None:
    folder = medium.root / "isolinux"
    files.copy_kernel(medium, folder)
    for source in (_ISOLINUX, *(_SYSLINUX / name for name in _MODULES)):
        shutil.copy(files.host_file(source), folder)


def _boot_options(_medium: Medium) -> Sequence[str | Path]:
    return [
        "-eltorito-boot", "isolinux/isolinux.bin", "-eltorito-catalog", "isolinux/boot.cat",
        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
        "-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot",
    ]  # fmt: skip


EL7 = Layout(
    name="el7",
    product="Builder Rehearsal 7",
    volume_id="Builder Rehearsal 7",
    timestamp=_TIMESTAMP,
    stage2="LiveOS/squashfs.img",
    lay_out=_lay_out,
    boot_options=_boot_options,
    isohybrid=True,
)
