"""What is wrong with a tree of an ISO: its descriptor, directories, names and path tables.

ECMA-119. Numbers are there twice, little-endian and big-endian, and readers take either.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from builder.iso import path_table, susp_check, tree
from builder.iso.descriptors import FIRST_DESCRIPTOR
from builder.iso.iso9660 import CONTINUED, DIRECTORY, PARENT, SELF, Listing, Record, sectors
from builder.iso.source import SECTOR, Metered, Source
from builder.iso.tree import Directory, Tree

_WIDE, _NARROW = (80, 132), (120, 124, 128)
"""Bytes of a descriptor at which both-endian numbers of 32 and of 16 bits stand."""
_FLAGS = 1 | DIRECTORY | CONTINUED  # the first: hidden
_ROOT_SIZE = 34  # bytes
_VERSIONS = {1: b"\1", 2: b"\1\2"}
"""By a descriptor's type: the second version is ISO 9660:1999's, never Joliet's."""

_EMPTY = {1: ((72, 80), (88, 120), (882, 883), (1395, 2048)), 2: ((72, 80), (882, 883))}
"""By a descriptor's type: what has to be zero, or libarchive finds no ISO."""


def problems(
    source: Source, where: Tree, known: Mapping[int, Listing] = MappingProxyType({})
) -> Iterator[str]:
    """Yield what is wrong with one tree, in whole sentences. Raises MediaError for loops.

    Of directories that are `known` by their extent, and the same, the records are not read again.
    """
    yield from _descriptor_problems(source, where)
    root = where.descriptor.root.extent
    parents = {root: (root, b"\0")}
    lengths = {root: where.descriptor.root.length}
    fields = Metered(source)
    for directory in tree.walk(source, where):
        yield from _place_problems(source, where, directory, parents, lengths)
        if known.get(directory.extent) is not directory.listing:
            yield from _record_problems(fields, where, directory)
        inside = directory.listing.directories
        parents.update((each.extent, (directory.extent, each.identifier)) for each in inside)
        lengths.update((each.extent, each.length) for each in inside)
    for big in (False, True):
        entries = path_table.read(source, where.descriptor, big=big)
        if {each.extent: (each.parent, each.identifier) for each in entries} != parents:
            yield f"{where.title}: a path table does not agree with the directories."


def _descriptor_problems(source: Source, where: Tree) -> Iterator[str]:
    content = source.read(where.descriptor.sector * SECTOR, SECTOR)
    halves = [(content[at : at + 4], content[at + 4 : at + 8]) for at in _WIDE]
    halves += [(content[at : at + 2], content[at + 2 : at + 4]) for at in _NARROW]
    if any(little != big[::-1] for little, big in halves) or not _agrees(content[156:190]):
        yield f"{where.title}: the two halves of a number in the volume descriptor differ."
    if content[156] != _ROOT_SIZE:
        yield f"{where.title}: the volume descriptor has no record of the root directory."
    versions = _VERSIONS[1 if where.descriptor.joliet else content[0]]
    if content[6] not in versions or content[881] not in versions:
        yield f"{where.title}: the volume descriptor is of an unknown version."
    if any(any(content[start:end]) for start, end in _EMPTY[content[0]]):
        yield f"{where.title}: the volume descriptor has something where nothing may be."
    if where.descriptor.joliet and content[91:120].strip(b"\0 "):
        yield f"{where.title}: the volume descriptor has something behind what announces Joliet."
    if (where.base + where.descriptor.space) * SECTOR > source.size:
        yield f"{where.title}: the volume is larger than the image."


def _place_problems(
    source: Source,
    where: Tree,
    directory: Directory,
    parents: dict[int, tuple[int, bytes]],
    lengths: dict[int, int],
) -> Iterator[str]:
    end = min(where.descriptor.space, sectors(source.size) - where.base)
    place, listing = _title(where, directory), directory.listing
    if listing.reach > end:
        yield f"{place} names contents behind the end of the volume."
    if not listing.ordered:
        yield f"{place}: the entries are not sorted."
    itself, parent = listing.records[:2]
    # xorriso lets directories of all trees but the first be their own parents, and genisoimage
    # without Rock Ridge one whose own directories are too deep to be there; nobody looks.
    first = where.descriptor.sector == where.base + FIRST_DESCRIPTOR and where.skip is not None
    own = -1 if first else itself.extent
    if itself.extent != directory.extent or parent.extent not in {
        parents[directory.extent][0],
        own,
    }:
        yield f"{place} does not know where it or its parent is."
    if not (itself.is_directory and parent.is_directory):
        yield f"{place} is none by its own word."
    if itself.length != lengths[directory.extent]:
        yield f"{place} has another length than its parent says."
    if parent.length != lengths.get(parent.extent, parent.length):
        yield f"{place} says another length of its parent than that has."


def _title(where: Tree, directory: Directory) -> str:
    return f"{where.title}: the directory at sector {where.base + directory.extent}"


def _record_problems(source: Source, where: Tree, directory: Directory) -> Iterator[str]:
    place, listing = _title(where, directory), directory.listing
    if not all(_agrees(each.raw) for each in listing.records):
        yield f"{place}: the two halves of a number differ."
    if any(each.flags & ~_FLAGS for each in listing.records):
        yield f"{place}: an entry is neither a file nor a directory."
    following = (*listing.records[1:], listing.records[0])
    for each, other in zip(listing.records, following, strict=True):
        if each.flags & CONTINUED and other.identifier != each.identifier:
            yield f"{place}: an entry goes on in one that is not there."
    if where.descriptor.joliet and any(map(_is_cut, listing.records)):
        yield f"{place}: a name is cut off."
    if where.skip is not None:
        root = directory.extent == where.descriptor.root.extent
        yield from _name_problems(source, where, listing.records, place, root=root)


def _is_cut(record: Record) -> bool:
    """Tell whether a name of Joliet ends within a letter, or in a record that goes on with letters.

    What may follow a name there is CD-ROM XA's field.
    """
    rest = record.system_use
    odd = len(record.identifier) % 2 and record.identifier not in {SELF, PARENT}
    return bool(odd) or (any(rest) and rest[6:8] != b"XA")


def _name_problems(
    source: Source, where: Tree, records: tuple[Record, ...], place: str, *, root: bool
) -> Iterator[str]:
    base, space, skip = where.base, where.descriptor.space, where.skip or 0
    for number, each in enumerate(records):
        first = root and not number
        wrong = susp_check.problem(source, base, space, each, skip, root=first)
        if wrong:
            name = each.identifier.decode("ascii", "replace") if number > 1 else ". or .."
            yield f"{place}: Rock Ridge of {name!r}: {wrong}."
            return


def _agrees(raw: bytes) -> bool:
    """Tell whether the halves of a record's numbers are the same: extent, length, volume."""
    return raw[2:6] == raw[9:5:-1] and raw[10:14] == raw[17:13:-1] and raw[28:30] == raw[31:29:-1]
