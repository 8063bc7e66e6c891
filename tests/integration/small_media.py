"""Small installer ISOs laid out like real ones, made with the tools that make real ones."""

import hashlib
import shutil
import subprocess
from pathlib import Path

LABEL = "CentOS 7 x86_64"
TOOLS = ("genisoimage", "xorriso", "isohybrid", "mcopy", "mkfs.vfat", "sgdisk", "bsdtar", "isoinfo")
_ISOLINUX = Path("/usr/lib/ISOLINUX")
_MODULES = Path("/usr/lib/syslinux/modules/bios")
_GOLDEN = Path(__file__).parents[1] / "golden" / "boot"


def call(*argv: str | Path) -> str:
    """Run a program that must succeed, and return what it printed."""
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def missing_tools() -> str:
    """Say which programs these tests lack; empty when all are there."""
    return " ".join(tool for tool in TOOLS if not shutil.which(tool))


def plant(tree: Path, *, files: int = 5) -> Path:
    """Fill `tree` like an EL 7 medium."""
    for folder in ("isolinux", "EFI/BOOT", "images/pxeboot", "LiveOS", "Packages"):
        (tree / folder).mkdir(parents=True)
    for name in ("vmlinuz", "initrd.img"):
        (tree / "images/pxeboot" / name).write_bytes(name.encode() * 5000)
        (tree / "isolinux" / name).hardlink_to(tree / "images/pxeboot" / name)
    shutil.copy(_ISOLINUX / "isolinux.bin", tree / "isolinux")
    for module in ("vesamenu.c32", "ldlinux.c32", "libcom32.c32", "libutil.c32"):
        shutil.copy(_MODULES / module, tree / "isolinux")
    shutil.copy(_GOLDEN / "el7-isolinux.cfg", tree / "isolinux/isolinux.cfg")
    shutil.copy(_GOLDEN / "el7-grub.cfg", tree / "EFI/BOOT/grub.cfg")
    (tree / "EFI/BOOT/BOOTX64.EFI").write_bytes(b"MZ" + bytes(9000))
    (tree / "LiveOS/squashfs.img").write_bytes(b"hsqs" + bytes(300_000))
    for number in range(files):
        name = f"Packages/a-package-with-a-rather-long-name-{number:04}.el7.noarch.rpm"
        (tree / name).write_bytes(b"%d " % number * 3000)
    (tree / ".discinfo").write_text("1603728831.612616\n7.9\nx86_64\n")
    (tree / ".treeinfo").write_text(
        "[general]\nfamily = CentOS\nversion = 7\narch = x86_64\n\n"
        "[stage2]\nmainimage = LiveOS/squashfs.img\n"
    )
    _efi_image(tree)
    return tree


def _efi_image(tree: Path) -> None:
    image = tree / "images/efiboot.img"
    image.write_bytes(bytes(2 << 20))
    call("mkfs.vfat", "-n", "ANACONDA", "--invariant", image)
    call("mcopy", "-s", "-i", image, tree / "EFI", "::/")


_ISOLINUX_BOOT = ("-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot")
_BIOS = (*_ISOLINUX_BOOT, "-boot-load-size", "4", "-boot-info-table")
_UEFI = ("-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot")


def by_genisoimage(tree: Path, iso: Path, *, label: str = LABEL, hybrid: bool = True) -> Path:
    """Master like EL 7: mkisofs, then isohybrid."""
    names = ("-quiet", "-V", label, "-R", "-J", "-joliet-long", "-T")
    call("genisoimage", *names, *_BIOS, *_UEFI, "-o", iso, tree)
    if hybrid:
        call("isohybrid", "--uefi", iso)
    return iso


def by_xorriso(tree: Path, iso: Path, *, label: str = LABEL) -> Path:
    """Master like EL 9: xorrisofs writes MBR and GPT itself."""
    hybrid = ("-isohybrid-mbr", _ISOLINUX / "isohdpfx.bin")
    names = ("-V", label, "-R", "-J", "-joliet-long")
    argv = (*names, *hybrid, *_BIOS, *_UEFI, "-isohybrid-gpt-basdat", "-o", iso, tree)
    call("xorriso", "-as", "mkisofs", "-quiet", *argv)
    return iso


def digests(iso: Path, folder: Path) -> dict[str, str]:
    """Extract with bsdtar into a new folder, and return every file's sha256 by its path."""
    folder.mkdir()
    call("bsdtar", "-x", "-f", iso, "-C", folder)
    return tree_digests(folder)


def tree_digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below `folder` by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
