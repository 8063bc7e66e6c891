"""The fields of an ISO that firmware, kernels and boot loaders read, and where they stand."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from builder.iso import apple_map, eltorito, iso9660, partitions, tree
from builder.iso.source import SECTOR
from builder.iso.survey import Survey
from builder.iso.tree import Tree

_FREE = {"date", "created", "written", "guid", "label", "oem", "hidden", "track", "heads", "free"}
"""What may be anything: dates, names, and what nobody reads."""


@dataclass(frozen=True)
class Field:
    """A field of a structure."""

    kind: str
    name: str
    at: int
    size: int
    big: bool = False


def _laid(kind: str, at: int, names: str) -> Iterator[Field]:
    """Yield fields that follow each other: "name:bytes", ">" before the size of big-endian ones."""
    for each in names.split():
        name, _, size = each.partition(":")
        length = int(size.lstrip(">"))
        if name not in _FREE:
            yield Field(kind, name, at, length, size.startswith(">"))
        at += length


def all_fields(medium: Survey) -> Iterator[Field]:
    """Yield all fields that a mutation may hit."""
    yield from _boot(medium)
    yield from _tables(medium)
    for image in medium.efi_images:
        yield from _fat(medium, image.sector * SECTOR)
    for each in medium.trees:
        yield from _tree(medium, each)


def _boot(medium: Survey) -> Iterator[Field]:
    found = eltorito.record(medium.source)
    assert found is not None
    record, catalogue = found
    names = "type:1 id:5 version:1 system:32"
    yield from _laid("boot record", record * SECTOR, names)
    yield Field("boot record", "catalogue", record * SECTOR + 71, 4)
    at = catalogue * SECTOR
    yield from _laid("catalogue", at, "header:1 platform:1 reserved:2 free:24 sum:2 key:2")
    content = medium.source.read(at, SECTOR)
    entry = "flag:1 media:1 segment:2 system:1 unused:1 blocks:2 sector:4 criteria:1"
    for place, _ in eltorito.places(content):
        yield from _laid("catalogue", at + place, entry)
    for place in eltorito.headers(content):
        yield from _laid("catalogue", at + place, "header:1 platform:1 count:2 free:28")
    for image in medium.images:
        if image.platform == "bios":
            table = "volume:4 sector:4 length:4 sum:4"
            yield from _laid("boot information", image.sector * SECTOR + 8, table)


def _tables(medium: Survey) -> Iterator[Field]:
    area = medium.source.read(0, partitions.SYSTEM_AREA)
    if area[510:512] != b"\x55\xaa":
        return
    yield Field("MBR", "signature", 510, 2)
    yield Field("MBR", "boot image", 432, 8)
    for at in partitions.MBR_ENTRIES:
        yield from _laid("MBR", at, "status:1 first-chs:3 type:1 last-chs:3 first:4 count:4")
    table = partitions.gpt(medium.source)
    if table is None:
        return
    header = (
        "magic:8 revision:4 size:4 crc:4 zero:4 here:8 other:8 first:8 last:8 guid:16 entries:8 "
        "count:4 entry-size:4 entries-crc:4"
    )
    entry = "type:16 guid:16 first:8 last:8 free:8 free:72"
    for title, at in (("GPT", 1), ("GPT backup", table.backup)):
        yield from _laid(title, at * 512, header)
        (place,) = struct.unpack_from("<Q", medium.source.read(at * 512, 92), 72)
        for number in range(3):
            yield from _laid(f"{title} entry", place * 512 + number * 128, entry)
    unit = apple_map.unit(area)
    if unit:
        (count,) = struct.unpack_from(">I", area, unit + 4)
        for number in range(1, count + 1):
            names = "magic:2 pad:2 count:>4 first:>4 length:>4 free:32 type:32"
            yield from _laid("Apple's map", unit * number, names)


def _fat(medium: Survey, start: int) -> Iterator[Field]:
    names = (
        "jump:3 oem:8 sector:2 per-cluster:1 reserved:2 tables:1 roots:2 small:2 media:1 table:2 "
        "track:2 heads:2 hidden:4 large:4"
    )
    yield from _laid("FAT", start, names)
    yield Field("FAT", "signature", start + 510, 2)
    boot = medium.source.read(start, 512)
    sector, per, reserved, count, roots = struct.unpack_from("<HBHBH", boot, 11)
    (size,) = struct.unpack_from("<H", boot, 22)
    for copy in range(count):
        at = start + (reserved + copy * size) * sector
        for number in range(0, 64, 2):
            yield Field("FAT table", f"{copy}", at + number, 2)
    root = start + (reserved + count * size) * sector
    data = root + roots * 32
    cluster = per * sector
    for folder in (root, data, data + cluster):
        for at in range(folder, folder + 320, 32):
            raw = medium.source.read(at, 32)
            if not raw[0]:
                break
            long = "order:1 name:10 kind:1 type:1 sum:1 more:12 zero:2 last:4"
            short = "free:11" if raw[11] & 8 else "name:11"
            short += " kind:1 nt:1 created:7 high:2 written:4 cluster:2 size:4"
            yield from _laid("FAT entry", at, long if raw[11] == 0x0F else short)


def _tree(medium: Survey, where: Tree) -> Iterator[Field]:
    at = where.descriptor.sector * SECTOR
    names = (
        "type:1 id:5 version:1 flags:1 free:32 label:32 zero:8 space:4 space:>4 escapes:32 set:2 "
        "set:>2 number:2 number:>2 block:2 block:>2 table-size:4 table-size:>4 table:4 optional:4 "
        "table:>4 optional:>4 root:34"
    )
    yield from _laid("descriptor", at, names)
    yield Field("descriptor", "structure", at + 881, 1)
    for big in (False, True):
        place = (where.base + where.descriptor.path_tables[big]) * SECTOR
        for number in range(0, min(where.descriptor.path_table_size, 64), 2):
            yield Field("path table", f"{big}", place + number, 2, big)
    record = (
        "size:1 extended:1 extent:4 extent:>4 length:4 length:>4 date:7 flags:1 unit:1 gap:1 "
        "volume:2 volume:>2 name-size:1"
    )
    for directory in tree.walk(medium.source, where):
        start = (where.base + directory.extent) * SECTOR
        for each in directory.listing.records:
            yield from _laid("record", start + each.at, record)
            if where.skip is not None:
                yield from _rock_ridge(where, start, each)


def _rock_ridge(where: Tree, start: int, record: iso9660.Record) -> Iterator[Field]:
    at = start + record.at + len(record.raw) - len(record.system_use) + (where.skip or 0)
    end = start + record.at + len(record.raw)
    while at + 4 <= end:
        size = int(record.raw[at - start - record.at + 2])
        if size < 4:
            return
        yield from _laid("Rock Ridge", at, "kind:2 size:1 version:1")
        kind = record.raw[at - start - record.at :][:2]
        if kind in {b"NM", b"TF", b"ER"}:  # what follows may be any name, date or text
            yield Field("Rock Ridge", f"{kind.decode()} flags", at + 4, 1)
            at += size
            continue
        for place in range(at + 4, min(at + size, end) - 3, 4):
            yield Field("Rock Ridge", "payload", place, 4)
        at += size
