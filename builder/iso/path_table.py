"""Path tables: the list of all directories that a volume keeps for quick access (ECMA-119 9.4)."""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from builder.iso import iso9660
from builder.iso.descriptors import Descriptor
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, Source, damaged


class PathRecord(msgspec.Struct, frozen=True):
    """A directory; the root is its own parent."""

    identifier: bytes
    extent: int
    parent: int
    """The parent's extent."""


def read(source: Source, descriptor: Descriptor, *, big: bool = False) -> tuple[PathRecord, ...]:
    """Return the directories of one of the two tables. Raises MediaError for nonsense."""
    if descriptor.path_table_size > iso9660.LARGEST:
        raise damaged(source, f"its path table has {descriptor.path_table_size} bytes")
    start = (descriptor.base + descriptor.path_tables[big]) * SECTOR
    content = source.read(start, descriptor.path_table_size)
    number = ">IH" if big else "<IH"
    found: list[tuple[bytes, int, int]] = []
    at = 0
    while at < len(content):
        length = content[at]
        if not length or at + 8 + length > len(content):
            raise damaged(source, "its path table is cut off")
        extent, parent = struct.unpack_from(number, content, at + 2)
        found.append((content[at + 8 : at + 8 + length], extent, parent))
        at += 8 + length + length % 2
    if any(not 1 <= parent <= len(found) for _, _, parent in found):
        raise damaged(source, "its path table names parents that are not there")
    return tuple(PathRecord(name, extent, found[parent - 1][1]) for name, extent, parent in found)


def changed(
    entries: Iterable[PathRecord], moved: Mapping[int, int], added: Iterable[PathRecord]
) -> tuple[PathRecord, ...]:
    """Return the entries with directories at new places (`moved`, old extent to new) and more."""

    def now(extent: int) -> int:
        return moved.get(extent, extent)

    kept = (PathRecord(each.identifier, now(each.extent), now(each.parent)) for each in entries)
    return (*kept, *added)


def encode(entries: Iterable[PathRecord], *, big: bool) -> bytes:
    """Return a table: by depth, then by parent, then by identifier. Raises ValueError for loops."""
    first, *others = entries
    children: dict[int, list[PathRecord]] = defaultdict(list)
    for each in others:
        children[each.parent].append(each)
    ordered = [(first, 1)]
    for number, (parent, _) in enumerate(ordered, start=1):
        inside = sorted(children.pop(parent.extent, []), key=_order)
        ordered.extend((child, number) for child in inside)
    if children:
        raise ValueError("some directories are not below the root")
    return b"".join(_entry(each, parent, big=big) for each, parent in ordered)


def write(
    draft: Draft,
    descriptor: Descriptor,
    entries: Iterable[PathRecord],
    allocate: Callable[[int], int],
) -> Iterator[tuple[int, bytes]]:
    """Write both tables; yield what the volume descriptor says of them, each with its byte there.

    `allocate` takes a number of sectors, and returns the first of as many that are free.
    """
    entries = tuple(entries)
    try:
        tables = [encode(entries, big=big) for big in (False, True)]
    except ValueError as error:
        raise damaged(draft, f"in its path table {error}") from error
    size = len(tables[0])
    wanted, old = iso9660.sectors(size), iso9660.sectors(descriptor.path_table_size)
    places = list(descriptor.path_tables)
    if wanted > old:
        places = [allocate(wanted) - descriptor.base for _ in tables]
    for place, table in zip(places, tables, strict=True):
        at = (descriptor.base + place) * SECTOR
        draft.write(at, table.ljust(max(wanted, old) * SECTOR, b"\0"), "path table")
    # The optional copies, which no reader needs, would be stale: there are none any more.
    yield 132, iso9660.both_endian(size)
    yield 140, places[0].to_bytes(4, "little") + bytes(4)
    yield 148, places[1].to_bytes(4, "big") + bytes(4)


def _order(entry: PathRecord) -> tuple[bytes, ...]:
    return iso9660.ecma_order(entry.identifier)


def _entry(entry: PathRecord, parent: int, *, big: bool) -> bytes:
    length = len(entry.identifier)
    numbers = struct.pack(">IH" if big else "<IH", entry.extent, parent)
    return bytes([length, 0]) + numbers + entry.identifier + bytes(length % 2)
