"""Path tables: the list of all directories that a volume keeps for quick access (ECMA-119 9.4)."""

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from builder.iso import iso9660
from builder.iso.descriptors import Descriptor
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


def _order(entry: PathRecord) -> tuple[bytes, ...]:
    return iso9660.ecma_order(entry.identifier)


def _entry(entry: PathRecord, parent: int, *, big: bool) -> bytes:
    length = len(entry.identifier)
    numbers = struct.pack(">IH" if big else "<IH", entry.extent, parent)
    return bytes([length, 0]) + numbers + entry.identifier + bytes(length % 2)
