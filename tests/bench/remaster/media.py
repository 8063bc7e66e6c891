"""The ISOs that are remastered, laid out like EL 7's: made once, kept in a cache."""

import hashlib
import random
import shutil
import tempfile
from pathlib import Path

import msgspec
import small_media

_MB = 1_000_000
_EFI_IMAGE = 9 << 20
_KERNEL, _INITRD = 6 * _MB, 53 * _MB


class Kind(msgspec.Struct, frozen=True):
    """A size of installer media."""

    name: str
    total: int
    """Bytes of the ISO, about."""
    stage2: int
    """Bytes of the installer's root file system."""
    packages: int

    @property
    def title(self) -> str:
        """Return what tables call it."""
        return f"{self.name} ({self.total / 1e9:.1f} GB)"


KINDS = {
    each.name: each
    for each in (
        Kind("Minimal", 1_020 * _MB, 430 * _MB, 430),
        Kind("DVD", 4_400 * _MB, 520 * _MB, 3_980),
    )
}


class Edits(msgspec.Struct, frozen=True):
    """A medium, and the files of its remaster as the other tools want them: edited before."""

    iso: Path
    kickstart: Path
    files: dict[str, Path]
    """By their paths on the ISO; the kickstart is one of them."""


def make(kind: Kind, cache: Path) -> Edits:
    """Return the medium; the first time it is made."""
    folder = cache / kind.name.lower()
    if not (folder / "edits").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _master(kind, Path(scratch), folder / f"{kind.name.lower()}.iso")
            _edit(Path(scratch) / "tree", Path(scratch) / "edits").rename(folder / "edits")
    names = ("ks.cfg", "isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg", "images/efiboot.img")
    files = {name: folder / "edits" / Path(name).name for name in names}
    return Edits(folder / f"{kind.name.lower()}.iso", files["ks.cfg"], files)


def _master(kind: Kind, scratch: Path, iso: Path) -> None:
    tree = small_media.plant(scratch / "tree", files=0)
    noise = random.Random(kind.name).randbytes(1 << 20)  # noqa: S311  # filling
    for name, size in (("vmlinuz", _KERNEL), ("initrd.img", _INITRD)):
        _fill(tree / "images/pxeboot" / name, noise, size)
    _fill(tree / "LiveOS/squashfs.img", noise, kind.stage2)
    each = (kind.total - kind.stage2 - _KERNEL - _INITRD - _EFI_IMAGE) // kind.packages
    for number in range(kind.packages):
        name = f"Packages/a-package-with-a-long-name-{number:04}-1.el7.x86_64.rpm"
        _fill(tree / name, noise, each - each // 3 + each * 2 // 3 * number // kind.packages)
    _boot_image(tree)
    small_media.by_genisoimage(tree, scratch / "new.iso")
    small_media.call("implantisomd5", scratch / "new.iso")
    (scratch / "new.iso").replace(iso)


def _fill(path: Path, noise: bytes, size: int) -> None:
    with path.open("wb") as file:
        for at in range(0, size, len(noise)):
            file.write(noise[: size - at])


def _boot_image(tree: Path) -> None:
    """Give the EFI boot image the size of a real one, and .treeinfo its sum."""
    image = small_media.efi_image(tree, tree / "images/efiboot.img", size=_EFI_IMAGE)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    with (tree / ".treeinfo").open("a") as file:
        file.write(f"\n[checksums]\nimages/efiboot.img = sha256:{digest}\n")


def _edit(tree: Path, edits: Path) -> Path:
    edits.mkdir()
    (edits / "ks.cfg").write_text("# filling\ntext\npoweroff\n" * 120)
    for menu in ("isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg"):
        text = (tree / menu).read_text()
        (edits / Path(menu).name).write_text(text.replace("quiet", "inst.ks=cdrom:/ks.cfg quiet"))
    image = edits / "efiboot.img"
    shutil.copy(tree / "images/efiboot.img", image)
    small_media.call("mcopy", "-o", "-i", image, edits / "grub.cfg", "::/EFI/BOOT/grub.cfg")
    return edits
