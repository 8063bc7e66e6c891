"""The menus inside an EFI boot image: a FAT file system at an offset of an ISO, edited in place."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from builder import process
from builder.errors import MediaError
from builder.iso import bootloader
from builder.iso.unattended import Unattended

# The images are made without a disk's geometry, which mtools would otherwise insist on.
_ENVIRONMENT = {"MTOOLS_SKIP_CHECK": "1", "TZ": "UTC"}
_FAT_EPOCH = 315532800  # 1980-01-01: the same bytes at whatever time we run


def edit_menus(iso: Path, offset: int, entry: Unattended) -> None:
    """Put `entry` into every menu of the image that begins at byte `offset` of `iso`.

    Raises MediaError when no FAT file system is there, HostError when mtools fails.
    """
    for path in _menus(iso, offset):
        with tempfile.TemporaryDirectory() as folder:
            menu = Path(folder) / "menu"
            _mcopy(iso, offset, path, menu)
            menu.write_bytes(bootloader.edit_content(path, menu.read_bytes(), entry))
            os.utime(menu, (_FAT_EPOCH, _FAT_EPOCH))
            _mcopy(iso, offset, "-o", "-m", menu, path)


def read_menus(iso: Path, offset: int) -> dict[str, bytes]:
    """Return what every menu of the image holds, by its path."""
    contents = {}
    for path in _menus(iso, offset):
        with tempfile.TemporaryDirectory() as folder:
            menu = Path(folder) / "menu"
            _mcopy(iso, offset, path, menu)
            contents[path] = menu.read_bytes()
    return contents


def _menus(iso: Path, offset: int) -> Iterator[str]:
    """Yield the paths, in mtools' form: ::/EFI/BOOT/grub.cfg."""
    command = ["mdir", "-i", _image(iso, offset), "-/", "-b", "::/"]
    listing = process.run(command, env=_ENVIRONMENT, check=False)
    if listing.returncode:
        raise MediaError(
            "The EFI boot image of the ISO is no FAT file system.",
            hint="Compare the ISO's sha256 with the publisher's.",
        )
    for path in listing.stdout.splitlines():
        if path.rpartition("/")[2].lower() in bootloader.EFI_MENUS:
            yield path


def _mcopy(iso: Path, offset: int, *arguments: str | Path) -> None:
    process.run(["mcopy", "-i", _image(iso, offset), *arguments], env=_ENVIRONMENT)


def _image(iso: Path, offset: int) -> str:
    return f"{iso}@@{offset}"
