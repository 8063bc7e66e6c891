"""Boot menus as text: put an unattended entry first, and make the loader take it at once.

Entries are known by what they hold, never by their number: media of one release differ (a FIPS
entry came and went). The original entries stay below ours, but for those with a media check that
the changed medium could not pass. Editing an edited menu with the same entry changes nothing.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from builder.media import grub, isolinux
from builder.media.unattended import Unattended


def edit(path: str, text: str, entry: Unattended) -> str:
    """Edit the menu found under `path`; one that starts no installer gets no entry."""
    text = entry.relabelled(text)
    return isolinux.edit(text, entry) if _is_syslinux(path) else grub.edit(text, entry)


def _is_syslinux(path: str) -> bool:
    return PurePosixPath(path).name.lower() in {"isolinux.cfg", "syslinux.cfg"}


def entries(path: str, text: str) -> Sequence[tuple[str, ...]]:
    """Return the arguments of each entry of a menu that starts a kernel with an initramfs."""
    loader = isolinux if _is_syslinux(path) else grub
    return [each for each in loader.entries(text) if each]


def edit_content(path: str, content: bytes, entry: Unattended) -> bytes:
    """Edit a menu as bytes; those that are no UTF-8 come out as they went in."""
    text = content.decode("utf-8", "surrogateescape")
    return edit(path, text, entry).encode("utf-8", "surrogateescape")
