"""El Torito: the images that firmware boots from a CD (Phoenix and IBM, version 1.0)."""

import struct
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from builder.iso import fat
from builder.iso.descriptors import raw_descriptors
from builder.iso.source import SECTOR, Source, damaged

ENTRY = 32
"""Bytes of everything in a catalogue."""
BOOTABLE = 0x88
MORE, LAST = 0x90, 0x91
"""Of a section's header: others follow it, or none."""

_SYSTEM = b"EL TORITO SPECIFICATION".ljust(32, b"\0")
_PLATFORMS = {0: "bios", 0xEF: "uefi"}
_FIELDS = struct.Struct("<BBHBxHI")


class BootImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of the catalogue."""

    platform: str
    """"bios", "uefi", or the number of another one."""
    sector: int
    """Where the image begins."""
    at: int
    """Byte of the image at which the catalogue's entry stands."""
    emulated: bool = False
    """The firmware shows it as a floppy or a hard disk."""
    segment: int = 0
    """Where BIOS puts it; 0 means 07C0."""
    blocks: int = 0
    """Blocks of 512 bytes that firmware loads."""


def is_record(content: bytes) -> bool:
    """Tell whether a volume descriptor is El Torito's boot record."""
    return content[0] == 0 and content[7:39] == _SYSTEM


def record(source: Source) -> tuple[int, int] | None:
    """Return the sectors of the boot record and of the catalogue; None where nothing boots."""
    for sector, content in raw_descriptors(source):
        if is_record(content):
            return sector, int(struct.unpack_from("<I", content, 71)[0])
    return None


def catalogue(source: Source) -> int | None:
    """Return the sector of the boot catalogue; None on an ISO that does not boot."""
    found = record(source)
    return found and found[1]


def images(source: Source) -> tuple[BootImage, ...]:
    """Return the bootable images of the catalogue. Raises MediaError for one that is none."""
    sector = catalogue(source)
    if sector is None:
        return ()
    content = source.read(sector * SECTOR, SECTOR)
    words = struct.unpack_from("<16H", content)
    if content[0] != 1 or content[30:32] != b"\x55\xaa" or sum(words) & 0xFFFF:
        raise damaged(source, "its boot catalogue has no valid first entry")
    found = (
        _image(content, at, platform, sector * SECTOR)
        for at, platform in places(content)
        if content[at] == BOOTABLE
    )
    first = sector * SECTOR + ENTRY
    return tuple(each if each.at == first else _by_content(source, each) for each in found)


def _by_content(source: Source, image: BootImage) -> BootImage:
    """Return an image that is not the first one as firmware takes it.

    mkisofs without -e wrote those for UEFI as for BIOS. EDK2 minds no platform and looks for a FAT
    file system; BIOS boots the first image alone.
    """
    is_bios = image.platform == _PLATFORMS[0] and not image.emulated
    if is_bios and fat.claims(source, image.sector * SECTOR):
        return replace(image, platform=_PLATFORMS[0xEF])
    return image


def places(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the byte in a catalogue and the platform's number of every entry that it announces."""
    yield ENTRY, content[1]
    for at in headers(content):
        platform, count = struct.unpack_from("<BH", content, at + 1)
        for entry in range(at + ENTRY, at + ENTRY * (count + 1), ENTRY):
            if entry + ENTRY <= len(content):
                yield entry, platform


def headers(content: bytes) -> Iterator[int]:
    """Yield the byte in a catalogue of every section's header."""
    at, more = 2 * ENTRY, True
    while more and at + ENTRY <= len(content) and content[at] in {MORE, LAST}:
        yield at
        more = content[at] == MORE
        (count,) = struct.unpack_from("<H", content, at + 2)
        at += ENTRY * (count + 1)


def _image(content: bytes, at: int, platform: int, start: int) -> BootImage:
    _, media, segment, _, blocks, sector = _FIELDS.unpack_from(content, at)
    return BootImage(
        platform=_PLATFORMS.get(platform, f"platform {platform}"),
        sector=sector,
        at=start + at,
        emulated=bool(media & 0xF),
        segment=segment,
        blocks=blocks,
    )
