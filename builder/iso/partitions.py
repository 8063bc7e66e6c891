"""The partition tables by which an ISO also boots as a disk: MBR and GPT, and how they follow.

They count in blocks of 512 bytes (UEFI 2.10 chapter 5). isohybrid and xorriso make partitions that
overlap on purpose.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from builder.iso import apple_map
from builder.iso.source import SECTOR, Source, damaged

BLOCK = 512
PER_SECTOR = SECTOR // BLOCK
SYSTEM_AREA = 16 * SECTOR
"""Bytes before the volume descriptors, free for boot code and partition tables."""

_GEOMETRIES = ((64, 32), (255, 63), (128, 32), (255, 32))  # heads and sectors that tools assume
MBR_ENTRIES = range(446, 510, 16)
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
MAGIC = b"EFI PART"
_SMALLEST_ENTRY = 128
PROTECTIVE = 0xEE


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """One partition, in blocks."""

    table: str
    """"MBR" or "GPT"."""
    number: int
    start: int
    end: int
    """First block behind it."""
    kind: int = 0
    """The type that an MBR gives it."""


class Gpt(msgspec.Struct, frozen=True, kw_only=True):
    """A header with its entries."""

    fields: tuple[int, ...]
    """As the header has them; the first is its magic and the tenth the disk's GUID, both bytes."""
    entries: bytes

    @property
    def backup(self) -> int:
        """Block of the header that is this one's backup; of a backup, the primary one."""
        return int(self.fields[6])

    @property
    def backup_blocks(self) -> int:
        """Blocks that a backup takes: its entries, and its header behind them."""
        return -(-len(self.entries) // BLOCK) + 1

    @property
    def backup_start(self) -> int:
        """First block of the backup."""
        return self.backup - self.backup_blocks + 1


class Insertion(msgspec.Struct, frozen=True, kw_only=True):
    """Sectors put in between: what lies behind them moves. Everything counts in sectors.

    A gap that has room takes the movement up, so that nothing from `until` on moves.
    """

    at: int
    count: int = 0
    until: int | None = None
    """None when no gap takes it up and the image grows."""

    def moves(self, sector: int) -> bool:
        """Tell whether what begins at the sector moves."""
        return self.at <= sector and (self.until is None or sector < self.until)


def partitions(source: Source) -> tuple[Partition, ...]:
    """Return the used entries of MBR and GPT."""
    area = source.read(0, SYSTEM_AREA)
    if area[510:512] != b"\x55\xaa":
        return ()
    return (*_of_mbr(area), *_of_gpt(gpt(source)))


def is_protective(source: Source) -> bool:
    """Tell whether the master boot record protects a GPT, and so its own entries count little."""
    area = source.read(0, BLOCK)
    return area[510:] == b"\x55\xaa" and any(area[at + 4] == PROTECTIVE for at in MBR_ENTRIES)


def _of_mbr(area: bytes) -> Iterator[Partition]:
    for number, at in enumerate(MBR_ENTRIES, start=1):
        first, count = struct.unpack_from("<II", area, at + 8)
        if count and area[at + 4] != PROTECTIVE:
            kind = area[at + 4]
            yield Partition(table="MBR", number=number, start=first, end=first + count, kind=kind)


def _of_gpt(table: Gpt | None) -> Iterator[Partition]:
    if table is None:
        return
    size = table.fields[12]
    for number, at in enumerate(range(0, len(table.entries), size), start=1):
        first, last = struct.unpack_from("<QQ", table.entries, at + 32)
        if any(table.entries[at : at + 16]):  # a type: the entry is in use
            yield Partition(table="GPT", number=number, start=first, end=last + 1)


def gpt(source: Source, block: int = 1) -> Gpt | None:
    """Return the GPT whose header is in that block; None where there is none that makes sense."""
    if (block + 1) * BLOCK > source.size:
        return None
    fields = _HEADER.unpack(source.read(block * BLOCK, _HEADER.size))
    place, count, size = fields[10:13]
    if fields[0] != MAGIC or size < _SMALLEST_ENTRY or not 0 < count * size <= SYSTEM_AREA:
        return None
    if place * BLOCK + count * size > source.size:
        return None
    return Gpt(fields=fields, entries=source.read(place * BLOCK, count * size))


def mended(source: Source, insertion: Insertion, *, size: int) -> list[tuple[int, bytes]]:
    """Return the bytes to write, each with its place, for an image of now `size` bytes.

    Nothing where nothing was inserted or the ISO boots from a CD only.
    """
    area = bytearray(source.read(0, SYSTEM_AREA))
    if not insertion.count or area[510:512] != b"\x55\xaa":
        return []
    shift = _Shift(insertion, before=source.size // BLOCK, after=size // BLOCK)
    table = gpt(source)
    try:
        _mend_mbr(area, shift)
        _mend_apple(area, shift)
        backup = [] if table is None else _mend_gpt(area, table, shift)
    except struct.error as error:
        raise damaged(source, "a partition of it is too large") from error
    return [(0, bytes(area)), *backup]


class _Shift:
    """Where a block is after an insertion."""

    def __init__(self, insertion: Insertion, *, before: int, after: int) -> None:
        self.before, self.after = before, after
        self._at = insertion.at * PER_SECTOR
        self._until = before if insertion.until is None else insertion.until * PER_SECTOR
        self._count = insertion.count * PER_SECTOR
        self._grows = insertion.until is None

    def start(self, block: int) -> int:
        return block + self._count if self._at <= block < self._until else block

    def end(self, block: int) -> int:
        if block == self.before:
            return self.after
        inside = self._at <= block and (self._grows or block < self._until)
        return block + self._count if inside else block


def _mend_mbr(area: bytearray, shift: _Shift) -> None:
    for at in MBR_ENTRIES:
        first, count = struct.unpack_from("<II", area, at + 8)
        if count:
            start, end = shift.start(first), shift.end(first + count)
            struct.pack_into("<II", area, at + 8, start, end - start)
            for place, old, new in ((at + 1, first, start), (at + 5, first + count - 1, end - 1)):
                area[place : place + 3] = _cylinders(bytes(area[place : place + 3]), old, new)


def _cylinders(address: bytes, old: int, new: int) -> bytes:
    """Return the old-style address of a block that moved; one of no known geometry stays."""
    for geometry in _GEOMETRIES:
        if address == _in_geometry(old, *geometry):
            return _in_geometry(new, *geometry)
    return address


def _in_geometry(block: int, heads: int, sectors: int) -> bytes:
    cylinder = min(block // (heads * sectors), 1023)
    head, sector = block // sectors % heads, block % sectors + 1
    return bytes([head, sector | cylinder >> 2 & 0xC0, cylinder & 0xFF])


def _mend_apple(area: bytearray, shift: _Shift) -> None:
    unit = apple_map.unit(area)
    if not unit:
        return
    blocks = unit // BLOCK
    if area[:2] == b"ER":
        (total,) = struct.unpack_from(">I", area, 4)
        struct.pack_into(">I", area, 4, shift.end(total * blocks) // blocks)
    (count,) = struct.unpack_from(">I", area, unit + 4)
    for at in range(unit, min(count * unit + unit, SYSTEM_AREA), unit):
        first, length = struct.unpack_from(">II", area, at + 8)
        start = shift.start(first * blocks)
        end = shift.end((first + length) * blocks)
        struct.pack_into(">II", area, at + 8, start // blocks, (end - start) // blocks)


def _mend_gpt(area: bytearray, table: Gpt, shift: _Shift) -> list[tuple[int, bytes]]:
    entries, fields = bytearray(table.entries), list(table.fields)
    for at in range(0, len(entries), fields[12]):
        first, last = struct.unpack_from("<QQ", entries, at + 32)
        if any(entries[at : at + 16]):
            struct.pack_into("<QQ", entries, at + 32, shift.start(first), shift.end(last + 1) - 1)
    fields[8] += shift.after - shift.before
    fields[13] = zlib.crc32(entries)
    place, backup = fields[10] * BLOCK, shift.after - 1
    area[place : place + len(entries)] = entries
    area[BLOCK : BLOCK + _HEADER.size] = _sealed(fields, here=1, other=backup, entries=fields[10])
    first = backup - table.backup_blocks + 1
    header = _sealed(fields, here=backup, other=1, entries=first).ljust(BLOCK, b"\0")
    return [(first * BLOCK, bytes(entries)), (backup * BLOCK, header)]


def _sealed(fields: list[int], *, here: int, other: int, entries: int) -> bytes:
    """Return the header's 92 bytes for its place, with its own CRC (taken with that field 0)."""
    sealed = [*fields[:3], 0, 0, here, other, *fields[7:10], entries, *fields[11:]]
    sealed[3] = zlib.crc32(_HEADER.pack(*sealed))
    return _HEADER.pack(*sealed)
