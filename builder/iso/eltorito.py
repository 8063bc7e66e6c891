"""El Torito: the images that firmware boots from a CD (Phoenix and IBM, version 1.0)."""

import struct
from collections.abc import Iterator

import msgspec

from builder.iso import iso9660
from builder.iso.source import SECTOR, Source, damaged

_SYSTEM = b"EL TORITO SPECIFICATION"
_ENTRY = 32  # bytes of everything in a catalogue
_BOOTABLE = 0x88
_MORE, _LAST = 0x90, 0x91
_PLATFORMS = {0: "bios", 0xEF: "uefi"}


class BootImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of the catalogue."""

    platform: str
    """"bios", "uefi", or the number of another one."""
    sector: int
    """Where the image begins."""
    at: int
    """Byte of the image at which the catalogue's entry stands."""


def catalogue(source: Source) -> int | None:
    """Return the sector of the boot catalogue; None on an ISO that does not boot."""
    for _, content in iso9660.raw_descriptors(source):
        if content[0] == 0 and content[7:39].startswith(_SYSTEM):
            return int(struct.unpack_from("<I", content, 71)[0])
    return None


def images(source: Source) -> tuple[BootImage, ...]:
    """Return the bootable images of the catalogue. Raises MediaError for one that is none."""
    sector = catalogue(source)
    if sector is None:
        return ()
    content = source.read(sector * SECTOR, SECTOR)
    words = struct.unpack_from("<16H", content)
    if content[0] != 1 or content[30:32] != b"\x55\xaa" or sum(words) & 0xFFFF:
        raise damaged(source, "its boot catalogue has no valid first entry")
    return tuple(_images(content, sector * SECTOR))


def _images(content: bytes, start: int) -> Iterator[BootImage]:
    yield from _image(content, _ENTRY, content[1], start)
    at, more = 2 * _ENTRY, True
    while more and at + _ENTRY <= len(content) and content[at] in {_MORE, _LAST}:
        more, platform = content[at] == _MORE, content[at + 1]
        (count,) = struct.unpack_from("<H", content, at + 2)
        for _ in range(count):
            at += _ENTRY
            if at + _ENTRY <= len(content):
                yield from _image(content, at, platform, start)
        at += _ENTRY


def _image(content: bytes, at: int, platform: int, start: int) -> Iterator[BootImage]:
    if content[at] == _BOOTABLE:
        yield BootImage(
            platform=_PLATFORMS.get(platform, f"platform {platform}"),
            sector=struct.unpack_from("<I", content, at + 8)[0],
            at=start + at,
        )
