"""Small installer ISOs laid out like real ones, made with the tools that make real ones."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

LABEL = "CentOS 7 x86_64"
GRUB_LABEL = "CentOS-Stream-10-BaseOS-x86_64"
TOOLS = ("genisoimage", "xorriso", "isohybrid", "mcopy", "mkfs.vfat", "sgdisk", "bsdtar", "isoinfo")
Maker = Callable[[Path, Path], Path]
"""Masters a tree as an ISO, and returns that."""
_ISOLINUX = Path("/usr/lib/ISOLINUX")
_MODULES = Path("/usr/lib/syslinux/modules/bios")
_GRUB_MBR = Path("/usr/lib/grub/i386-pc/boot_hybrid.img")
_GOLDEN = Path(__file__).parents[1] / "golden" / "boot"


class Programs(msgspec.Struct, frozen=True, kw_only=True):
    """What media boot, isolinux apart, which is always the real one. These start nothing."""

    kernel: bytes = b"vmlinuz" * 5000
    uefi: bytes = b"MZ" + bytes(9000)
    """BOOTX64.EFI."""
    bios: bytes = b"\xeb\xfe" + b"grub" * 8000
    """GRUB's El Torito image: a jump to itself."""


_FAKES = Programs()
_MISSING = [tool for tool in TOOLS if not shutil.which(tool)]
NEEDED = pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {_MISSING}")
"""The mark of tests that need these tools."""


def call(*argv: str | Path) -> str:
    """Run a program that must succeed, and return what it printed."""
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system that is soon full."""
    if os.geteuid():
        pytest.skip("only root mounts")
    folder.mkdir()
    call("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        yield folder
    finally:
        call("umount", folder)


def el7(folder: Path, name: str = "el7.iso") -> Path:
    """Make an EL 7 ISO in the folder."""
    return by_genisoimage(plant(folder / "tree"), folder / name)


def mastered(
    makers: Iterable[str],
    folder: Path,
    *,
    files: int = 5,
    programs: Programs = _FAKES,
    varied: bool = False,
) -> dict[str, Path]:
    """Make one ISO with each of MAKERS that is named."""
    tree = plant(folder / "tree", files=files, programs=programs)
    grub = plant_grub(folder / "grub", programs=programs)
    if varied:
        vary(tree)
        vary(grub)
        # What is small has 12 bits, as those of EL 7; EL 10's have 16.
        image = grub.with_name(f"{grub.name}-esp.img")
        efi_image(grub, image, size=3 << 20, kind=("-F", "16", "-s", "1"))
    return {
        name: MAKERS[name](grub if name.startswith("grub") else tree, folder / f"{name}.iso")
        for name in makers
    }


def vary(tree: Path) -> None:
    """Add what a tree may have: folders that ISO 9660 moves up, links, long names, a pipe."""
    deep = tree / "/".join("abcdefghijk")
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    (tree / "link").symlink_to("EFI/BOOT/grub.cfg")
    (tree / ("n" * 200)).write_text("a long name")
    (tree / "empty").touch()
    (tree / "nothing").mkdir()
    os.mkfifo(tree / "pipe")


def plant(tree: Path, *, files: int = 5, programs: Programs = _FAKES) -> Path:
    """Fill `tree` like an EL 7 medium."""
    for folder in ("isolinux", "EFI/BOOT", "images/pxeboot", "LiveOS", "Packages"):
        (tree / folder).mkdir(parents=True)
    (tree / "images/pxeboot/vmlinuz").write_bytes(programs.kernel)
    (tree / "images/pxeboot/initrd.img").write_bytes(b"initrd.img" * 5000)
    for name in ("vmlinuz", "initrd.img"):
        (tree / "isolinux" / name).hardlink_to(tree / "images/pxeboot" / name)
    shutil.copy(_ISOLINUX / "isolinux.bin", tree / "isolinux")
    for module in ("vesamenu.c32", "ldlinux.c32", "libcom32.c32", "libutil.c32"):
        shutil.copy(_MODULES / module, tree / "isolinux")
    shutil.copy(_GOLDEN / "el7-isolinux.cfg", tree / "isolinux/isolinux.cfg")
    shutil.copy(_GOLDEN / "el7-grub.cfg", tree / "EFI/BOOT/grub.cfg")
    (tree / "EFI/BOOT/BOOTX64.EFI").write_bytes(programs.uefi)
    (tree / "LiveOS/squashfs.img").write_bytes(b"hsqs" + bytes(300_000))
    for number in range(files):
        name = f"Packages/a-package-with-a-rather-long-name-{number:04}.el7.noarch.rpm"
        (tree / name).write_bytes(b"%d " % number * 3000)
    (tree / ".discinfo").write_text("1603728831.612616\n7.9\nx86_64\n")
    (tree / ".treeinfo").write_text(
        "[general]\nfamily = CentOS\nversion = 7\narch = x86_64\n\n"
        "[stage2]\nmainimage = LiveOS/squashfs.img\n"
    )
    efi_image(tree, tree / "images/efiboot.img")
    shutil.copy(tree / "images/efiboot.img", tree / "images/macboot.img")
    return tree


def plant_grub(tree: Path, *, programs: Programs = _FAKES) -> Path:
    """Fill `tree` like an EL 10 medium; its EFI image lies beside it."""
    for folder in ("boot/grub2", "EFI/BOOT", "images/pxeboot"):
        (tree / folder).mkdir(parents=True)
    for name in ("boot/grub2", "EFI/BOOT"):
        shutil.copy(_GOLDEN / "el10-grub.cfg", tree / name / "grub.cfg")
    (tree / "images/pxeboot/vmlinuz").write_bytes(programs.kernel)
    (tree / "images/pxeboot/initrd.img").write_bytes(b"initrd.img" * 5000)
    (tree / "EFI/BOOT/BOOTX64.EFI").write_bytes(programs.uefi)
    (tree / "images/eltorito.img").write_bytes(programs.bios)
    (tree / "images/install.img").write_bytes(b"hsqs" + bytes(300_000))
    (tree / ".discinfo").write_text("1603728831.612616\nCentOS Stream 10\nx86_64\nALL\n")
    efi_image(tree, tree.with_name(f"{tree.name}-esp.img"))
    return tree


def efi_image(tree: Path, image: Path, *, size: int = 2 << 20, kind: tuple[str, ...] = ()) -> Path:
    """Make a FAT file system with the EFI folder of the tree."""
    image.write_bytes(bytes(size))
    call("mkfs.vfat", "-n", "ANACONDA", "--invariant", *kind, image)
    call("mcopy", "-s", "-i", image, tree / "EFI", "::/")
    return image


_ISOLINUX_BOOT = ("-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot")
BIOS = (*_ISOLINUX_BOOT, "-boot-load-size", "4", "-boot-info-table")
UEFI = ("-eltorito-alt-boot", "-e", "images/efiboot.img", "-no-emul-boot")
_MAC = ("-eltorito-alt-boot", "-e", "images/macboot.img", "-no-emul-boot")
_ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"


def by_genisoimage(
    tree: Path,
    iso: Path,
    *,
    label: str = LABEL,
    hybrid: bool = True,
    mac: bool = False,
    more: tuple[str, ...] = (),
) -> Path:
    """Master like EL 7: mkisofs, then isohybrid."""
    names = ("-quiet", "-V", label, "-R", "-J", "-joliet-long", "-T", *more)
    call("genisoimage", *names, *BIOS, *UEFI, *(_MAC if mac else ()), "-o", iso, tree)
    if hybrid:
        call("isohybrid", "--uefi", *(["--mac"] if mac else []), iso)
    return iso


def by_xorriso(
    tree: Path, iso: Path, *, label: str = LABEL, mac: bool = False, more: tuple[str, ...] = ()
) -> Path:
    """Master like EL 9: xorrisofs writes MBR and GPT itself; `mac` as Fedora until 36."""
    hybrid = ("-isohybrid-mbr", str(_ISOLINUX / "isohdpfx.bin"))
    names = ("-V", label, "-R", "-J", "-joliet-long", *more)
    apple = (*_MAC, "-isohybrid-gpt-hfsplus", "-isohybrid-apm-hfsplus") if mac else ()
    disk = ("-isohybrid-gpt-basdat", *apple)
    argv = (*names, *hybrid, *BIOS, *UEFI, *disk, "-o", str(iso), str(tree))
    call("xorriso", "-as", "mkisofs", "-quiet", *argv)
    return iso


def by_grub(tree: Path, iso: Path, *, label: str = GRUB_LABEL, more: tuple[str, ...] = ()) -> Path:
    """Master like EL 10: the EFI image is a partition behind the volume, which is there twice."""
    bios = ("-b", "images/eltorito.img", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4")
    hybrid = ("-boot-info-table", "--grub2-boot-info", "--grub2-mbr", str(_GRUB_MBR))
    esp = tree.with_name(f"{tree.name}-esp.img")
    disk = ("-partition_offset", "16", "-appended_part_as_gpt", "-append_partition", "2", _ESP)
    uefi = ("-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot")
    names = ("-V", label, "-R", "-J", "-joliet-long", "-iso-level", "3", *more)
    argv = (*names, *bios, *hybrid, *disk, str(esp), *uefi, "-o", str(iso), str(tree))
    call("xorriso", "-as", "mkisofs", "-quiet", *argv)
    return iso


_NO_PAD = ("-no-pad",)
MAKERS: dict[str, Maker] = {
    "genisoimage": by_genisoimage,
    "no-hybrid": partial(by_genisoimage, hybrid=False),
    "mac": partial(by_genisoimage, mac=True),
    "xorriso": by_xorriso,
    "xorriso-mac": partial(by_xorriso, mac=True),
    "grub": by_grub,
    "no-pad": partial(by_genisoimage, hybrid=False, more=_NO_PAD),
    "isohybrid-no-pad": partial(by_genisoimage, more=_NO_PAD),
    "mac-no-pad": partial(by_genisoimage, mac=True, more=_NO_PAD),
    "xorriso-no-pad": partial(by_xorriso, more=_NO_PAD),
    "grub-no-pad": partial(by_grub, more=_NO_PAD),
}
"""Ways to make media; those called "grub…" want the tree of an EL 10 medium."""


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
