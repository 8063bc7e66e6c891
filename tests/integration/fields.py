"""The fields of an ISO that firmware, kernels and boot loaders read, and where they stand."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from builder.iso import apple_map, descriptors, eltorito, iso9660, partitions, rockridge, tree
from builder.iso.source import SECTOR
from builder.iso.survey import Survey
from builder.iso.tree import Tree

_FREE = {"created", "written", "guid", "label", "oem", "hidden", "track", "heads", "free"}
"""What may be anything: dates, names, and what nobody reads."""


@dataclass(frozen=True)
class Field:
    """A field of a structure."""

    kind: str
    name: str
    at: int
    size: int
    big: bool = False
    twin: int = 0
    """Where the same number is in the other order of bytes; 0 for nowhere."""
    copies: tuple[int, ...] = ()
    """Where the same bytes are."""


def _laid(kind: str, at: int, names: str) -> Iterator[Field]:
    """Yield fields that follow each other: "name:bytes", ">" before the size of big-endian ones.

    What has the same name as its neighbour is the same number.
    """
    before = ("", 0)
    parts = [each.partition(":") for each in names.split()]
    for number, (name, _, size) in enumerate(parts):
        length = int(size.lstrip(">"))
        twin = before[1] if before[0] == name else 0
        if number + 1 < len(parts) and parts[number + 1][0] == name:
            twin = at + length
        if name not in _FREE:
            yield Field(kind, name, at, length, size.startswith(">"), twin)
        before = (name, at)
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
    names = "type:1 id:5 version:1 system:32 boot:32 catalogue:4"
    yield from _laid("boot record", record * SECTOR, names)
    *_, (last, _) = descriptors.raw_descriptors(medium.source)
    yield from _laid("terminator", (last + 1) * SECTOR, "type:1 id:5 version:1 rest:64")
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
            table = "beginning:8 volume:4 sector:4 length:4 sum:4"
            yield from _laid("boot information", image.sector * SECTOR, table)


def _tables(medium: Survey) -> Iterator[Field]:
    area = medium.source.read(0, partitions.SYSTEM_AREA)
    if area[510:512] != b"\x55\xaa":
        return
    yield Field("MBR", "signature", 510, 2)
    yield from _laid("MBR", 432, "boot-image:8 disk:4 protected:2")
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
            names = (
                "magic:2 pad:2 count:>4 first:>4 length:>4 free:32 type:32 data:>4 size:>4 "
                "status:>4 boot:>4"
            )
            yield from _laid("Apple's map", unit * number, names)
    if area[:2] == b"ER":
        yield from _laid("Apple's block", 0, "magic:2 unit:>2 count:>4")


def _fat(medium: Survey, start: int) -> Iterator[Field]:
    names = (
        "jump:3 oem:8 sector:2 per-cluster:1 reserved:2 tables:1 roots:2 small:2 media:1 table:2 "
        "track:2 heads:2 hidden:4 large:4"
    )
    yield from _laid("FAT", start, names)
    yield from _laid("FAT", start + 36, "drive:1 dirty:1 sign:1 serial:4 label:11 system:8")
    yield Field("FAT", "signature", start + 510, 2)
    boot = medium.source.read(start, 512)
    sector, per, reserved, count, roots = struct.unpack_from("<HBHBH", boot, 11)
    (size,) = struct.unpack_from("<H", boot, 22)
    tables = [start + (reserved + copy * size) * sector for copy in range(count)]
    for at in tables:
        for number in range(0, 64, 2):
            copies = tuple(other + number for other in tables if other != at)
            yield Field("FAT table", f"{at}", at + number, 2, copies=copies)
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
        for number in range(0, where.descriptor.path_table_size, 2):
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
                yield from _rock_ridge(medium, where, start + each.at, each)


def _rock_ridge(medium: Survey, where: Tree, at: int, record: iso9660.Record) -> Iterator[Field]:
    """Yield what a record has of Rock Ridge, in the area behind it as well."""
    skip, end = where.skip or 0, at + len(record.raw)
    yield from _entries(medium, end - len(record.system_use) + skip, end, "Rock Ridge")
    following = rockridge.continuation(record, skip)
    if following is not None:
        _, block, offset, length = following
        start = (where.base + block) * SECTOR + offset
        yield from _entries(medium, start, start + length, "Rock Ridge's area")


def _entries(medium: Survey, at: int, end: int, title: str) -> Iterator[Field]:
    while at + 4 <= end:
        kind, size = medium.source.read(at, 2), medium.source.read(at + 2, 1)[0]
        if size < 4:
            return
        yield from _laid(title, at, "kind:2 size:1 version:1")
        yield from _payload(kind, at + 4, at + size, title)
        at += size


def _payload(kind: bytes, at: int, end: int, title: str) -> Iterator[Field]:
    name = kind.decode("latin-1")
    if kind in {b"NM", b"TF"}:  # what follows may be any name or date
        yield Field(title, f"{name} flags", at, 1)
    elif kind == b"ER":
        yield from _laid(title, at, "length:1 about:1 source:1 version:1 announced:10")
    elif kind == b"SL":
        yield from _laid(title, at, "link:1 part:1 length:1")
    elif (end - at) % 8 == 0:
        for place in range(at, end, 8):
            yield from _laid(title, place, f"{name}:4 {name}:>4")
    else:
        yield Field(title, name, at, end - at)
