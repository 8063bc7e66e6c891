"""What is wrong with the partition tables by which an ISO also boots as a disk.

UEFI 2.10 chapter 5. Firmware takes the backup GPT where the primary one is damaged, kernels and
installers refuse or mend it: neither may be left to chance.
"""

import struct
import zlib
from collections.abc import Iterator

from builder.iso import partitions
from builder.iso.partitions import BLOCK, MAGIC, PROTECTIVE, SYSTEM_AREA, Gpt
from builder.iso.source import Source

_PRIMARY = 1
_HEADER_SIZE = 92
_STATUS = {0, 0x80}
_SIGNED = b"\x55\xaa"


def problems(source: Source) -> Iterator[str]:
    """Yield what is wrong with the tables, in whole sentences."""
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
    yield from _apple_problems(area, source.size)
    if first is not None:
        yield from _gpt_problems(source, first)
    elif area[BLOCK : BLOCK + len(MAGIC)] == MAGIC:
        yield "The primary GPT makes no sense: its entries have no place in the image."
    elif any(area[at + 4] == PROTECTIVE for at in partitions.MBR_ENTRIES):
        yield "The master boot record protects a GPT, and there is none."
    elif _backup_is_left(source):
        yield "The primary GPT is gone, and its backup is left."


def _mbr_problems(area: bytes, source: Source) -> Iterator[str]:
    for number, at in enumerate(partitions.MBR_ENTRIES, start=1):
        first, count = struct.unpack_from("<II", area, at + 8)
        if area[at + 4] == PROTECTIVE and first != _PRIMARY:
            yield "What protects the GPT does not begin where it is."
        if (not count and any(area[at : at + 16])) or area[at] not in _STATUS:
            yield f"The master boot record's entry {number} makes no sense."
    found = partitions.partitions(source)
    starts = [each.start for each in found if each.table == "MBR"]
    if len(set(starts)) < len(starts):
        yield "Two partitions of the master boot record begin at the same block."
    gpt = {(each.start, each.end) for each in found if each.table == "GPT"}
    for each in found:
        # isohybrid and xorriso give no type to what is there for the boot code alone.
        typed = each.table == "MBR" and area[partitions.MBR_ENTRIES[each.number - 1] + 4]
        if gpt and typed and (each.start, each.end) not in gpt:
            yield f"MBR partition {each.number} is none of the GPT's."


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


def _header_problems(source: Source, table: Gpt, title: str, *, here: int) -> Iterator[str]:
    size = table.fields[2]
    if table.fields[5] != here:
        yield f"The {title} GPT says that it is elsewhere."
    if not _HEADER_SIZE <= size <= BLOCK:
        yield f"The {title} GPT header has {size} bytes."
        return
    header = bytearray(source.read(here * BLOCK, size))
    header[16:20] = bytes(4)  # its CRC is taken with that field 0
    if zlib.crc32(header) != table.fields[3]:
        yield f"The {title} GPT header has a wrong CRC."
    if zlib.crc32(table.entries) != table.fields[13]:
        yield f"The {title} GPT's entries have a wrong CRC."


def _apple_problems(area: bytes, size: int) -> Iterator[str]:
    unit = partitions.apple_unit(area)
    if not unit:
        return
    (count,) = struct.unpack_from(">I", area, unit + 4)
    for number in range(1, count + 1):
        at = unit * number
        if at + unit > len(area) or area[at : at + 2] != b"PM":
            yield f"Apple's partition map has no entry {number} of {count}."
            return
        entries, first, length = struct.unpack_from(">III", area, at + 4)
        if entries != count:
            yield f"Entry {number} of Apple's partition map counts {entries} of {count}."
        if (first + length) * unit > size:
            yield f"Apple's partition {number} ends behind the image."
