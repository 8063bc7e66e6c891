"""Media as EL 10 has them: GRUB for both firmwares, the EFI system partition after the ISO."""

from collections.abc import Sequence
from pathlib import Path

from builder.rehearsal.layouts import files
from builder.rehearsal.layouts.layout import INSTALL_IMG, PXEBOOT, Layout, Medium

_EFI_SYSTEM_PARTITION = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
_ELTORITO = "images/eltorito.img"


def _lay_out(layout: Layout, medium: Medium) -> None:
    files.copy_texts(layout, medium)
    files.copy_kernel(medium, medium.root / PXEBOOT)
    files.bios_loader(medium.root / _ELTORITO)
    files.efi_partition(medium, _efi_partition(medium), timestamp=layout.timestamp)


def _efi_partition(medium: Medium) -> Path:
    return medium.work / "efi.img"


def _boot_options(medium: Medium) -> Sequence[str | Path]:
    return [
        "-iso-level", "3", "-partition_offset", "16",
        "-eltorito-boot", _ELTORITO, "-no-emul-boot",
        "-boot-load-size", "4", "-boot-info-table",
        "--grub2-boot-info", "--grub2-mbr", files.bios_hybrid_loader(),
        "-appended_part_as_gpt",
        "-append_partition", "2", _EFI_SYSTEM_PARTITION, _efi_partition(medium),
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
    ]  # fmt: skip


EL10 = Layout(
    name="el10",
    family="el10",
    product="Builder Rehearsal 10",
    version="10",
    volume_id="Builder-Rehearsal-10-x86_64",
    timestamp=1747699200,  # May 2025, as EL 10.0
    stage2=INSTALL_IMG,
    repositories=("BaseOS", "AppStream"),
    lay_out=_lay_out,
    # Not the El Torito image, into which xorriso writes where it lies.
    checked=(INSTALL_IMG, f"{PXEBOOT}/initrd.img", f"{PXEBOOT}/vmlinuz"),
    boot_options=_boot_options,
)
