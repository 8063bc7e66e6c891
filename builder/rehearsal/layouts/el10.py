"""Media as EL 10 has them: GRUB for both firmwares, the EFI system partition after the ISO."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.rehearsal.layouts import el10_texts, files
from builder.rehearsal.layouts.layout import Layout, Medium

_TIMESTAMP = 1747699200  # May 2025, as EL 10.0
_EFI_SYSTEM_PARTITION = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
# Not that of the El Torito image, into which xorriso writes where it lies.
_CHECKED = (el10_texts.STAGE2, el10_texts.INITRD, el10_texts.KERNEL)


def _lay_out(medium: Medium) -> None:
    files.copy_kernel(medium, medium.root / "images/pxeboot")
    files.bios_loader(medium.root / el10_texts.ELTORITO)
    menu = medium.root / "boot/grub2/grub.cfg"
    menu.parent.mkdir(parents=True)
    menu.write_text(el10_texts.bios_grub())
    efi = medium.root / "EFI/BOOT"
    efi.mkdir(parents=True)
    (efi / "grub.cfg").write_text(el10_texts.efi_grub())
    files.efi_loader(efi)
    files.efi_partition(efi, _efi_partition(medium), timestamp=_TIMESTAMP)


def _efi_partition(medium: Medium) -> Path:
    return medium.work / "efi.img"


def _describe(medium: Medium) -> Mapping[str, str]:
    checksums = {path: _sha256(medium.root / path) for path in _CHECKED}
    return {
        ".treeinfo": el10_texts.treeinfo(_TIMESTAMP, checksums),
        ".discinfo": el10_texts.discinfo(_TIMESTAMP),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _boot_options(medium: Medium) -> Sequence[str | Path]:
    return [
        "-iso-level", "3", "-partition_offset", "16",
        "-eltorito-boot", el10_texts.ELTORITO, "-no-emul-boot",
        "-boot-load-size", "4", "-boot-info-table",
        "--grub2-boot-info", "--grub2-mbr", files.bios_hybrid_loader(),
        "-appended_part_as_gpt",
        "-append_partition", "2", _EFI_SYSTEM_PARTITION, _efi_partition(medium),
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
    ]  # fmt: skip


EL10 = Layout(
    name="el10",
    product=el10_texts.PRODUCT,
    volume_id=el10_texts.VOLUME_ID,
    timestamp=_TIMESTAMP,
    stage2=el10_texts.STAGE2,
    lay_out=_lay_out,
    describe=_describe,
    boot_options=_boot_options,
)
