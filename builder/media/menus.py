"""Which files of a medium are boot menus: those that its loaders read, and the usual copies."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from builder.errors import MediaError
from builder.iso.fat import FatFile, FileSystem
from builder.iso.survey import Survey
from builder.media.grub_state import Place
from builder.media.routes import Route
from builder.media.seen import normal

USUAL = (
    "isolinux/isolinux.cfg",
    "EFI/BOOT/grub.cfg",
    "EFI/BOOT/BOOT.conf",
    "boot/grub2/grub.cfg",
)
"""Where media of the family keep their menus. isolinux/grub.conf is none: no loader reads it."""
_USUAL_INSIDE = {"grub.cfg", "boot.conf"}
"""File names, in lower case, of the menus inside an EFI boot image."""


def in_tree(medium: Survey, ways: Iterable[Route]) -> tuple[str, ...]:
    """Return the paths of the menus in the medium's tree."""
    read = [path for device, path in _places(ways) if device == "iso"]
    return tuple(dict.fromkeys((*filter(medium.file, USUAL), *read)))


def included(ways: Iterable[Route]) -> tuple[str, ...]:
    """Return the paths of the files that menus of isolinux include, whatever their names are."""
    return tuple(path for each in ways for path in each.included)


def in_images(ways: Iterable[Route]) -> tuple[tuple[FileSystem, FatFile], ...]:
    """Return the menus inside the boot images for UEFI."""
    read = {path.lower() for device, path in _places(ways) if device == "image"}
    seen = {id(each.files): each.files for each in ways}
    return tuple(
        (system, file)
        for files in seen.values()
        for system, file in files.inside()
        if file.path.lower() in read or file.path.rpartition("/")[2].lower() in _USUAL_INSIDE
    )


def texts(medium: Survey, ways: Iterable[Route]) -> Iterator[tuple[str, str]]:
    """Yield every boot menu of the medium with its path; "efi:" begins those in EFI images."""
    for path in in_tree(medium, ways):
        yield path, (medium.text(path) or b"").decode("utf-8", "replace")
    for system, file in in_images(ways):
        with suppress(MediaError):  # builder/iso/fat_check.py tells of it
            yield f"efi:{file.path}", system.read(file).decode("utf-8", "replace")


def _places(ways: Iterable[Route]) -> Iterator[Place]:
    for route in ways:
        if route.syslinux:
            yield "iso", route.syslinux
        yield from (("iso", each) for each in route.included if route.files.exists(("iso", each)))
        yield from map(normal, route.read)
