"""Lays out the medium as EL 7 does and writes it as a bootable ISO."""

import os
import shutil
from pathlib import Path

from builder import process
from builder.errors import HostError
from builder.rehearsal import menus

_SYSLINUX = Path("/usr/lib/syslinux/modules/bios")
_ISOLINUX = Path("/usr/lib/ISOLINUX/isolinux.bin")
_MODULES = ("vesamenu.c32", "libcom32.c32", "libutil.c32", "ldlinux.c32")

# What the loader needs before it can read modules: it brings none on the medium.
_GRUB_MODULES = (
    "all_video", "boot", "cat", "chain", "configfile", "echo", "efi_gop", "efi_uga", "ext2", "fat",
    "gzio", "help", "iso9660", "linux", "linuxefi", "loadenv", "ls", "minicmd", "normal",
    "part_gpt", "part_msdos", "reboot", "halt", "search", "search_label", "search_fs_uuid",
    "serial", "sleep", "terminal", "test", "true", "video", "video_bochs", "video_cirrus",
)  # fmt: skip
_GRUB = Path("/usr/lib/grub/x86_64-efi")


def lay_out_boot(root: Path, kernel: Path, initrd: Path) -> None:
    """Put the boot files of both firmwares into the medium's tree. Raises HostError."""
    _isolinux(root / "isolinux", kernel, initrd)
    pxeboot = root / "images/pxeboot"
    pxeboot.mkdir(parents=True)
    shutil.copy(kernel, pxeboot / "vmlinuz")
    shutil.copy(initrd, pxeboot / "initrd.img")
    efi = root / "EFI/BOOT"
    efi.mkdir(parents=True)
    (efi / "grub.cfg").write_text(menus.grub())
    _grub(efi / "BOOTX64.EFI")
    _efi_image(efi, root / "images/efiboot.img")


def _isolinux(folder: Path, kernel: Path, initrd: Path) -> None:
    folder.mkdir()
    for source in (_ISOLINUX, *(_SYSLINUX / name for name in _MODULES)):
        _copy_host_file(source, folder)
    shutil.copy(kernel, folder / "vmlinuz")
    shutil.copy(initrd, folder / "initrd.img")
    (folder / "isolinux.cfg").write_text(menus.isolinux())
    (folder / "boot.msg").write_text(menus.boot_message())


def _copy_host_file(source: Path, folder: Path) -> None:
    try:
        shutil.copy(source, folder)
    except FileNotFoundError as error:
        raise HostError(
            f"The boot loader file {source} is missing.",
            hint="Install isolinux, syslinux-common and grub-efi-amd64-bin, or run `make setup`.",
        ) from error


def _grub(file: Path) -> None:
    # Newer releases of GRUB have merged linuxefi into linux.
    modules = [name for name in _GRUB_MODULES if (_GRUB / f"{name}.mod").exists()]
    process.run(["grub-mkimage", "--format", "x86_64-efi", "--prefix", "/EFI/BOOT",
                 "--output", file, *modules])  # fmt: skip


def _efi_image(efi: Path, image: Path) -> None:
    size = sum(file.stat().st_size for file in efi.iterdir())
    image.write_bytes(b"")
    os.truncate(image, (size // 2**20 + 2) * 2**20)
    # A fixed serial number: the image is then the same at every make.
    process.run(["mkfs.vfat", "-F", "12", "-n", "ANACONDA", "-i", "7ebea45a", image])
    process.run(["mmd", "-i", image, "::EFI", "::EFI/BOOT"])
    process.run(["mcopy", "-m", "-i", image, *sorted(efi.iterdir()), "::EFI/BOOT/"])


def write(root: Path, output: Path, *, volume_id: str) -> None:
    """Write the tree as a hybrid ISO with an implanted media check. Raises HostError."""
    process.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-output", output, "-volid", volume_id,
         "-rational-rock", "-joliet", "-joliet-long", "-full-iso9660-filenames",
         "-eltorito-boot", "isolinux/isolinux.bin", "-eltorito-catalog", "isolinux/boot.cat",
         "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
         "-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot", root],
    )  # fmt: skip
    process.run(["isohybrid", "--uefi", output])
    process.run(["implantisomd5", "--force", output])
    process.run(["checkisomd5", output])
