"""Apple's partition map, on media for Macs as well (Inside Macintosh: Devices, chapter 3)."""

import struct
from collections.abc import Iterator

import msgspec

from builder.iso.source import SECTOR


def unit(area: bytes | bytearray) -> int:
    """Return the bytes of a block of Apple's partition map; 0 where there is no such map."""
    return next((size for size in (512, SECTOR) if area[size : size + 2] == b"PM"), 0)


class ApplePartition(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of Apple's partition map."""

    number: int
    entries: int
    """How many the map has, by its word."""
    first: int
    length: int
    """In blocks of the map's own size, as isohybrid since 2013 and xorriso count them."""
    kind: bytes
    """Its type, such as b"Apple_HFS"."""
    used: bool
    """It says of itself that it is valid, or allocated."""


def entries(area: bytes) -> Iterator[ApplePartition]:
    """Yield the entries of Apple's map in a system area, as far as there are such."""
    block = unit(area)
    for at in range(block, len(area) - block + 1, block) if block else ():
        if area[at : at + 2] != b"PM":
            return
        count, first, length = struct.unpack_from(">III", area, at + 4)
        kind = area[at + 48 : at + 80].rstrip(b"\0")
        yield ApplePartition(
            number=at // block,
            entries=count,
            first=first,
            length=length,
            kind=kind,
            used=bool(area[at + 91] & 3),
        )
