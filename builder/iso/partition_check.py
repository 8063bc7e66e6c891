"""What is wrong with the partition tables by which an ISO also boots as a disk.

UEFI 2.10 chapter 5. Firmware takes the backup GPT where the primary one is damaged, kernels and
installers refuse or mend it: neither may be left to chance.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

from builder.iso import apple_map, fat, partitions
from builder.iso.apple_map import ApplePartition
from builder.iso.partitions import (
    BLOCK,
    MAGIC,
    PROTECTIVE,
    SYSTEM_AREA,
    Gpt,
    Partition,
)
from builder.iso.source import SECTOR, Source

_PRIMARY = 1
_HEADER_SIZE = 92  # of this revision; xorriso, by which media are written, takes no other
_STATUS = {0, 0x80}
_REVISION = 1 << 16  # the only one there is; gdisk and xorriso take no other for a GPT
_NOTHING: Mapping[int, int] = MappingProxyType({})
_SIGNED = b"\x55\xaa"
_ANNOUNCED = {b"ER\x02\0", b"ER\x08\0"}  # blocks of 512 and of 2048 bytes
_HFS = b"Apple_HFS"
_MAPS = {b"Apple_partition_map", b"Apple_Partition_Map"}  # as macOS compares, letter by letter


def problems(source: Source, booted: Mapping[int, int] = _NOTHING) -> Iterator[str]:
    """Yield what is wrong with the tables, in whole sentences.

    `booted` has the bytes of each boot image by that at which it begins, 0 where nobody tells.
    """
    area = source.read(0, min(SYSTEM_AREA, source.size))
    first = partitions.gpt(source)
    if area[510:512] != _SIGNED:
        if first is not None:
            yield "There is a GPT, and no master boot record before it."
        return
    for each in partitions.partitions(source):
        if each.start >= each.end or each.end * BLOCK > source.size:
            yield f"{each.table} partition {each.number} ends behind the image."
    yield from _mbr_problems(area, source)
    yield from _cut_problems(source, booted)
    yield from _apple_problems(source, area, booted)
    if first is not None:
        yield from _gpt_problems(source, first)
    elif area[BLOCK : BLOCK + len(MAGIC)] == MAGIC:
        yield "The primary GPT makes no sense: its entries have no place in the image."
    elif partitions.is_protective(source):
        yield "The master boot record protects a GPT, and there is none."
    elif _backup_is_left(source):
        yield "The primary GPT is gone, and its backup is left."


def _mbr_problems(area: bytes, source: Source) -> Iterator[str]:
    for number, at in enumerate(partitions.MBR_ENTRIES, start=1):
        first, count = struct.unpack_from("<II", area, at + 8)
        if area[at + 4] == PROTECTIVE and first != _PRIMARY:
            yield "What protects the GPT does not begin where it is."
        # Old-style addresses may be anything: mkisofs -hfs has them in entries without blocks.
        used = first or area[at] or area[at + 4]
        if (used and not count) or area[at] not in _STATUS:
            yield f"The master boot record's entry {number} makes no sense."
    found = partitions.partitions(source)
    own = sorted((each.start, each.end, each.number) for each in found if each.table == "MBR")
    for (before, end, number), (start, until, other) in pairwise(own):
        # What begins in the system area holds the whole volume, and so all of the others.
        inside = before <= SYSTEM_AREA // BLOCK and until <= end
        if start == before or (end > start and not inside):
            yield f"MBR partitions {number} and {other} overlap."
    gpt = {(each.start, each.end) for each in found if each.table == "GPT"}
    # isohybrid and xorriso give no type to what is there for the boot code alone.
    typed = [each for each in found if gpt and each.table == "MBR" and each.kind]
    for each in typed:
        if (each.start, each.end) not in gpt:
            yield f"MBR partition {each.number} is none of the GPT's."
    if gpt and not typed and not partitions.is_protective(source):
        yield "Nothing in the master boot record protects the GPT, or has its partitions."


def _cut_problems(source: Source, booted: Mapping[int, int]) -> Iterator[str]:
    """Yield which partitions begin or end within a boot image: nobody finds what that holds."""
    for each in partitions.partitions(source):
        start, end = each.start * BLOCK, each.end * BLOCK
        for at, length in booted.items():
            if at < start < at + length or start <= at < end < at + length:
                yield f"{each.table} partition {each.number} has a part of a boot image."


def _backup_is_left(source: Source) -> bool:
    """Tell whether the last block is the backup of a GPT: firmware would take it for the table."""
    found = partitions.gpt(source, source.size // BLOCK - 1)
    return found is not None and found.backup == _PRIMARY


def _gpt_problems(source: Source, first: Gpt) -> Iterator[str]:
    yield from _header_problems(source, first, "primary", here=_PRIMARY)
    # Where its header says: xorriso pads behind the backup, and a stick is larger than any image.
    second = partitions.gpt(source, first.backup)
    if second is None or first.backup == _PRIMARY:
        yield "There is no backup GPT."
        return
    yield from _header_problems(source, second, "backup", here=first.backup)
    if second.entries != first.entries:
        yield "The backup GPT has other partitions than the primary one."
    if second.backup != _PRIMARY or second.fields[7:10] != first.fields[7:10]:
        yield "The backup GPT is not of the same disk as the primary one."
    yield from _range_problems(source, first)


def _range_problems(source: Source, table: Gpt) -> Iterator[str]:
    """Judge what the table calls usable: UEFI skips partitions that are not, and Linux the table.

    isohybrid and xorriso have a partition of the whole volume, its system area included, which
    UEFI skips as it should: with it, all that are in it would overlap, and be skipped as well.
    """
    first, last = table.fields[7:9]
    if not _PRIMARY < first <= last < table.backup:
        yield f"The GPT calls the blocks {first} to {last} usable, between its two tables."
        return
    found = [each for each in partitions.partitions(source) if each.table == "GPT"]
    usable = [each for each in found if first <= each.start and each.end - 1 <= last]
    for each in found:
        if each not in usable and not _is_volume(source, each):
            yield f"GPT partition {each.number} is in blocks that the GPT does not call usable."
    # isohybrid's table may reach into what it calls usable, where no partition begins.
    for each in usable:
        if each.start < _end_of_entries(table):
            yield f"GPT partition {each.number} begins in the table itself."
    volumes = [each for each in found if each not in usable]
    for before, each in pairwise(sorted(volumes, key=lambda each: each.start)):
        if each.start == before.start:
            yield f"GPT partitions {before.number} and {each.number} begin in the same block."
    for before, each in pairwise(sorted(usable, key=lambda each: each.start)):
        if each.start < before.end:
            yield f"GPT partitions {before.number} and {each.number} overlap."


def _end_of_entries(table: Gpt) -> int:
    at, count, size = table.fields[10:13]
    return int(at - (-count * size // BLOCK))


def _is_volume(source: Source, part: Partition) -> bool:
    at = part.start * BLOCK + SYSTEM_AREA
    there = min(part.end * BLOCK, source.size) >= at + SECTOR
    return there and source.read(at + 1, 5) == b"CD001"


def _header_problems(source: Source, table: Gpt, title: str, *, here: int) -> Iterator[str]:
    size = table.fields[2]
    if table.fields[5] != here:
        yield f"The {title} GPT says that it is elsewhere."
    if table.fields[1] != _REVISION:
        yield f"The {title} GPT is of an unknown revision."
    if size != _HEADER_SIZE:
        yield f"The {title} GPT header has {size} bytes."
        return
    header = bytearray(source.read(here * BLOCK, size))
    header[16:20] = bytes(4)  # its CRC is taken with that field 0
    if zlib.crc32(header) != table.fields[3]:
        yield f"The {title} GPT header has a wrong CRC."
    if zlib.crc32(table.entries) != table.fields[13]:
        yield f"The {title} GPT's entries have a wrong CRC."


def _apple_problems(source: Source, area: bytes, booted: Mapping[int, int]) -> Iterator[str]:
    """Yield what Macs would trip over. Linux looks for the map's length in its first entry."""
    found = tuple(apple_map.entries(area))
    if not found:
        if area[:4] in _ANNOUNCED:
            yield "The first block announces a partition map of Apple's, and there is none."
        return
    count, unit = found[0].entries, apple_map.unit(area)
    if area[:4] != b"ER" + struct.pack(">H", unit):
        yield "The first block does not announce Apple's partition map, and so nobody reads it."
    if len(found) != count:
        yield f"Apple's partition map counts {count} entries, and has {len(found)}."
    for each in found:
        reason = _apple_reason(source, each, unit, booted)
        if reason or each.entries != count:
            yield f"Apple's partition {each.number} {reason or f'is one of {each.entries}'}."
    if not _MAPS & {each.kind for each in found}:
        yield "Apple's partition map has no entry for itself."


def _apple_reason(
    source: Source, part: ApplePartition, unit: int, booted: Mapping[int, int]
) -> str:
    start = part.first * unit
    # isohybrid until 2013, as EL 7 has it, counts what it boots in blocks of 512 bytes.
    if start + part.length * BLOCK > source.size:
        return "ends behind the image"
    is_hfs = start + 2 * SECTOR < source.size and fat.is_hfs(source, start)
    if not part.kind or not all(0x20 < each < 0x7F for each in part.kind):  # noqa: PLR2004  # ASCII
        return "is of a type that makes no sense"
    if part.kind.startswith(_HFS):
        if not part.used:  # xorriso then finds no map
            return "is not marked as one that is used"
        if not is_hfs and start not in booted:
            return "is none of HFS, nor a boot image"
    elif is_hfs:
        return "is of HFS, and of another type"
    return "ends in its boot image" if part.length * unit < booted.get(start, 0) else ""
