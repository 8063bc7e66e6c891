"""The system area of an ISO that also boots as a disk: MBR and GPT, after the volume changed.

pycdlib would write a wrong CRC of the partition entries and a wrong size beyond 1024 cylinders,
and drop what it does not know. So it writes the bare volume; here the source's own area is carried
over, and only the numbers in it that the new layout falsifies are mended.
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

SYSTEM_AREA = 16 * 2048
"""Bytes before the volume descriptors, free for boot code and partition tables."""

_BLOCK = 512  # what MBR and GPT count in
_PER_SECTOR = 4  # blocks in a CD's sector
_CYLINDER = 1 << 20  # isohybrid pads to whole cylinders of 64 heads and 32 sectors
_ISOLINUX_LBA = 432  # where isohybrid's boot code finds isolinux.bin, in blocks
_MBR_PARTITIONS = range(446, 510, 16)
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_GPT = b"EFI PART"
_ENTRY_SIZE = 128  # bytes, at least


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """How the layout changed; everything counted in blocks unless it says otherwise."""

    moved: Mapping[int, int]
    """Sector at which a boot image began -> where it begins now."""
    volume: int
    """Length of the volume in the source."""
    before: int
    """Length of the source file, which may go on after its volume."""
    grown: int
    """What the volume gained."""
    after: int
    """Length of the output file."""

    def start(self, block: int) -> int:
        """Return where the boot image that began at `block` begins now."""
        sector = block // _PER_SECTOR
        return self.moved.get(sector, sector) * _PER_SECTOR + block % _PER_SECTOR

    def last(self, first: int, last: int) -> int:
        """Return the last block of the partition that spanned `first` to `last`."""
        if first // _PER_SECTOR in self.moved:
            return last + self.start(first) - first
        if first > SYSTEM_AREA // _BLOCK:
            return last
        # What begins no later than the descriptors is the volume, or the file around it.
        volume_only = last == self.volume - 1 and self.volume != self.before
        return last + (self.grown if volume_only else self.after - self.before)


def carry_over(source: Path, output: Path, *, volume: int, moved: Mapping[int, int]) -> None:
    """Give `output`, so far a bare volume, the system area of `source`, mended, and its tail.

    `volume` is the size in bytes of the volume in `source`, which the file may exceed.
    Raises ValueError for a GPT that no ISO can have.
    """
    with source.open("rb") as old, output.open("r+b") as new:
        area = bytearray(old.read(SYSTEM_AREA))
        if area[510:512] == b"\x55\xaa":
            before, grown = old.seek(0, 2), new.seek(0, 2) - volume
            after = _pad(new, _backup_size(area), whole_cylinders=before % _CYLINDER == 0)
            shift = Shift(
                moved=moved,
                volume=volume // _BLOCK,
                before=before // _BLOCK,
                grown=grown // _BLOCK,
                after=after // _BLOCK,
            )
            _mend_mbr(area, shift)
            _mend_gpt(area, new, shift)
        new.seek(0)
        new.write(area)


def _pad(output: BinaryIO, backup: int, *, whole_cylinders: bool) -> int:
    """Lengthen the file until a GPT's backup fits at its end; return its new size, in bytes."""
    size = output.seek(0, 2)
    output.seek(size - backup)
    if any(output.read()):
        size += backup
    if whole_cylinders:
        size = -(-size // _CYLINDER) * _CYLINDER
    output.truncate(size)
    return size


def _backup_size(area: bytearray) -> int:
    """Return the bytes that the entries and the header of a backup take; 0 without a GPT."""
    if not area[_BLOCK:].startswith(_GPT):
        return 0
    place, count, size = _HEADER.unpack_from(area, _BLOCK)[10:13]
    if size < _ENTRY_SIZE or place * _BLOCK + count * size > SYSTEM_AREA:
        raise ValueError("the entries of its GPT lie outside the system area")
    return _whole_blocks(count * size) + _BLOCK


def _whole_blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _mend_mbr(area: bytearray, shift: Shift) -> None:
    (isolinux,) = struct.unpack_from("<Q", area, _ISOLINUX_LBA)
    struct.pack_into("<Q", area, _ISOLINUX_LBA, shift.start(isolinux))
    for at in _MBR_PARTITIONS:
        first, count = struct.unpack_from("<II", area, at + 8)
        if count:
            begin, last = shift.start(first), shift.last(first, first + count - 1)
            struct.pack_into("<II", area, at + 8, begin, last - begin + 1)
            _mend_end_of_cylinders(area, at, last)


def _mend_end_of_cylinders(area: bytearray, at: int, last: int) -> None:
    """Bring the old-style address of a partition's last block up to date."""
    heads, sectors = area[at + 5] + 1, area[at + 6] & 0x3F
    if area[at + 5 : at + 8] == b"\xfe\xff\xff" or not sectors:
        return  # "see the block numbers"
    cylinder = min(last // (heads * sectors), 1023)
    area[at + 6] = sectors | cylinder >> 2 & 0xC0
    area[at + 7] = cylinder & 0xFF


def _mend_gpt(area: bytearray, output: BinaryIO, shift: Shift) -> None:
    if not _backup_size(area):
        return
    header = list(_HEADER.unpack_from(area, _BLOCK))
    place, count, size = header[10], header[11], header[12]
    table = slice(place * _BLOCK, place * _BLOCK + count * size)
    area[table] = entries = _mend_entries(area[table], size, shift)
    backup = shift.after - 1
    header[8] += shift.after - shift.before
    header[13] = zlib.crc32(entries)
    area[_BLOCK : _BLOCK + _HEADER.size] = _sealed(header, here=1, other=backup, entries=place)
    place = backup - (_backup_size(area) // _BLOCK - 1)
    output.seek(place * _BLOCK)
    output.write(entries)
    output.write(_sealed(header, here=backup, other=1, entries=place).ljust(_BLOCK, b"\0"))


def _mend_entries(entries: bytearray, size: int, shift: Shift) -> bytearray:
    for at in range(0, len(entries), size):
        first, last = struct.unpack_from("<QQ", entries, at + 32)
        if any(entries[at : at + 16]):  # a type: the entry is in use
            struct.pack_into("<QQ", entries, at + 32, shift.start(first), shift.last(first, last))
    return entries


def _sealed(header: list[int], *, here: int, other: int, entries: int) -> bytes:
    """Return the header's 92 bytes for its place, with its own CRC (taken with that field 0)."""
    fields = [*header[:3], 0, 0, here, other, *header[7:10], entries, *header[11:]]
    fields[3] = zlib.crc32(_HEADER.pack(*fields))
    return _HEADER.pack(*fields)
