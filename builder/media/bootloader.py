"""Boot menus as text: put an unattended entry first, and make the loader take it at once.

Entries are known by what they hold, never by their number: media of one release differ (a FIPS
entry came and went). The original entries stay below ours, but for those with a media check that
the changed medium could not pass. Editing an edited menu with the same entry changes nothing.
"""

from pathlib import PurePosixPath

from builder.media import grub, isolinux
from builder.media.unattended import Unattended

MENUS = (
    "isolinux/isolinux.cfg",
    "EFI/BOOT/grub.cfg",
    "EFI/BOOT/BOOT.conf",
    "boot/grub2/grub.cfg",
)
"""Where media of the family keep their menus. isolinux/grub.conf is none: no loader reads it."""

EFI_MENUS = {"grub.cfg", "boot.conf"}
"""File names, in lower case, of the menus inside an EFI boot image."""


def edit(path: str, text: str, entry: Unattended) -> str:
    """Edit the menu found under `path`; one that starts no installer gets no entry."""
    text = entry.relabelled(text)
    if PurePosixPath(path).name.lower() == "isolinux.cfg":
        return isolinux.edit(text, entry)
    return grub.edit(text, entry)


def edit_content(path: str, content: bytes, entry: Unattended) -> bytes:
    """Edit a menu as bytes; those that are no UTF-8 come out as they went in."""
    text = content.decode("utf-8", "surrogateescape")
    return edit(path, text, entry).encode("utf-8", "surrogateescape")
