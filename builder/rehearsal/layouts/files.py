"""The boot files that layouts share: kernel, GRUB for both firmwares, the EFI system partition."""

import os
import shutil
from pathlib import Path

from builder import process
from builder.errors import HostError
from builder.rehearsal.layouts.layout import Layout, Medium

# What the loaders need before they can read modules: they bring none on the medium.
_MODULES = (
    "all_video", "boot", "cat", "chain", "configfile", "echo", "ext2", "gzio", "halt", "help",
    "iso9660", "linux", "loadenv", "ls", "minicmd", "normal", "part_gpt", "part_msdos", "reboot",
    "search", "search_label", "search_fs_uuid", "serial", "sleep", "terminal", "test", "true",
    "video", "video_bochs", "video_cirrus",
)  # fmt: skip
_SHIM, _SIGNED = Path("usr/lib/shim"), Path("usr/lib/grub/x86_64-efi-signed")
_GRUB = Path("/usr/lib/grub")
_DATA = Path(__file__).parents[1] / "data"


def copy_texts(layout: Layout, medium: Medium) -> None:
    """Put the texts of the layout into the tree: boot menus and what they show."""
    tree = _DATA / layout.family / "tree"
    shutil.copytree(tree, medium.root, dirs_exist_ok=True)
    for source in (path for path in tree.rglob("*") if path.is_file()):
        file = medium.root / source.relative_to(tree)
        text = file.read_text()
        text = text.replace("@PRODUCT@", layout.product).replace("@LABEL@", layout.volume_id)
        file.write_text(text)


def host_file(path: Path) -> Path:
    """Return a boot loader's file on this host. Raises HostError when there is none."""
    if path.exists():
        return path
    raise HostError(
        f"The boot loader file {path} is missing.",
        hint="Run `make setup`, or install isolinux, syslinux-common, grub-pc-bin and "
        "grub-efi-amd64-bin.",
    )


def copy_kernel(medium: Medium, folder: Path) -> None:
    """Put the kernel and its initramfs into a new folder of the tree."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(medium.kernel, folder / "vmlinuz")
    shutil.copy(medium.initrd, folder / "initrd.img")


def bios_loader(file: Path) -> None:
    """Make the El Torito image that reads boot/grub2/grub.cfg. Raises HostError."""
    _grub(file, "i386-pc-eltorito", prefix="/boot/grub2", extra=("biosdisk",))


def bios_hybrid_loader() -> Path:
    """Return the master boot record that starts an El Torito image from a disk."""
    return host_file(_GRUB / "i386-pc/boot_hybrid.img")


def _grub(file: Path, target: str, *, prefix: str, extra: tuple[str, ...]) -> None:
    folder = host_file(_GRUB / target.removesuffix("-eltorito"))
    # Newer releases of GRUB have merged linuxefi into linux.
    modules = [name for name in (*_MODULES, *extra) if (folder / f"{name}.mod").exists()]
    process.run(["grub-mkimage", "--format", target, "--prefix", prefix, "--output", file,
                 *modules])  # fmt: skip


def efi_partition(medium: Medium, image: Path, *, timestamp: int) -> None:
    """Put shim and GRUB beside their grub.cfg, and make the file system that UEFI boots, with all.

    As on EL's media both are signed, so that they start with Secure Boot as well. Raises HostError.
    """
    folder = medium.root / "EFI/BOOT"
    # The signed GRUB for CDs; where it finds no /.disk of Debian's, it looks beside itself.
    for source, name in (
        (_SHIM / "shimx64.efi.signed", "BOOTX64.EFI"),
        (_SHIM / "mmx64.efi.signed", "mmx64.efi"),
        (_SIGNED / "gcdx64.efi.signed", "grubx64.efi"),
    ):
        shutil.copy(medium.target / source, folder / name)
    contents = sorted(folder.iterdir())
    size = sum(file.stat().st_size for file in contents)
    image.write_bytes(b"")
    os.truncate(image, (size // 2**20 + 2) * 2**20)
    for file in contents:
        os.utime(file, (timestamp, timestamp))
    # Nothing random and no clock: the file system is then the same at every make.
    process.run(["mkfs.vfat", "--invariant", "-F", "12", "-n", "ANACONDA", "-i", "7ebea45a",
                 image])  # fmt: skip
    clock = {"SOURCE_DATE_EPOCH": str(timestamp)}
    process.run(["mmd", "-i", image, "::EFI", "::EFI/BOOT"], env=clock)
    process.run(["mcopy", "-m", "-i", image, *contents, "::EFI/BOOT/"], env=clock)
