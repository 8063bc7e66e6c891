"""Boot menus as text: put an unattended entry first, and make the loader take it at once.

Entries are known by what they hold, never by their number: media of one release differ (a FIPS
entry came and went). The original entries stay below ours, but for those with a media check that
the changed medium could not pass. Editing an edited menu with the same entry changes nothing.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from builder.media import grub, isolinux
from builder.media.unattended import Unattended


def edit(path: str, text: str, entry: Unattended, *, included: bool = False) -> str:
    """Edit the menu found under `path`; one that starts no installer gets no entry.

    It is `included` where a menu of isolinux names it: by its own name it may be any file.
    """
    text = entry.relabelled(text)
    if included or _is_syslinux(path):
        return isolinux.edit(text, entry, included=included)
    return grub.edit(text, entry)


def _is_syslinux(path: str) -> bool:
    return PurePosixPath(path).name.lower() in {"isolinux.cfg", "syslinux.cfg"}


def entries(path: str, text: str, *, included: bool = False) -> Sequence[tuple[str, ...]]:
    """Return the arguments of each entry of a menu that starts a kernel with an initramfs."""
    loader = isolinux if included or _is_syslinux(path) else grub
    return [each for each in loader.entries(text) if each]


def edit_content(path: str, content: bytes, entry: Unattended, *, included: bool = False) -> bytes:
    """Edit a menu as bytes; those that are no UTF-8 come out as they went in."""
    text = content.decode("utf-8", "surrogateescape")
    return edit(path, text, entry, included=included).encode("utf-8", "surrogateescape")
