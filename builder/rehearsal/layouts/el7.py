"""Media as EL 7 has them: isolinux for BIOS, GRUB for UEFI in images/efiboot.img."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.rehearsal.layouts import el7_texts, files
from builder.rehearsal.layouts.layout import Layout, Medium

_SYSLINUX = Path("/usr/lib/syslinux/modules/bios")
_ISOLINUX = Path("/usr/lib/ISOLINUX/isolinux.bin")
_MODULES = ("vesamenu.c32", "libcom32.c32", "libutil.c32", "ldlinux.c32")
_TIMESTAMP = 1603729576  # CentOS 7.9


def _lay_out(medium: Medium) -> None:
    _isolinux(medium)
    files.copy_kernel(medium, medium.root / "images/pxeboot")
    efi = medium.root / "EFI/BOOT"
    efi.mkdir(parents=True)
    (efi / "grub.cfg").write_text(el7_texts.grub())
    files.efi_loader(efi)
    files.efi_partition(efi, medium.root / "images/efiboot.img", timestamp=_TIMESTAMP)


def _isolinux(medium: Medium) -> None:
    folder = medium.root / "isolinux"
    files.copy_kernel(medium, folder)
    for source in (_ISOLINUX, *(_SYSLINUX / name for name in _MODULES)):
        shutil.copy(files.host_file(source), folder)
    (folder / "isolinux.cfg").write_text(el7_texts.isolinux())
    (folder / "boot.msg").write_text(el7_texts.boot_message())


def _describe(_medium: Medium) -> Mapping[str, str]:
    return {
        ".treeinfo": el7_texts.treeinfo(_TIMESTAMP),
        ".discinfo": el7_texts.discinfo(_TIMESTAMP),
    }


def _boot_options(_medium: Medium) -> Sequence[str | Path]:
    return [
        "-eltorito-boot", "isolinux/isolinux.bin", "-eltorito-catalog", "isolinux/boot.cat",
        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
        "-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot",
    ]  # fmt: skip


EL7 = Layout(
    name="el7",
    product=el7_texts.PRODUCT,
    volume_id=el7_texts.VOLUME_ID,
    timestamp=_TIMESTAMP,
    stage2=el7_texts.STAGE2,
    lay_out=_lay_out,
    describe=_describe,
    boot_options=_boot_options,
    isohybrid=True,
)
