"""The directory trees of an ISO: every volume descriptor has one, over the same files."""

import re
import string
from collections.abc import Iterator

import msgspec

from builder.iso import iso9660, rockridge
from builder.iso.descriptors import FIRST_DESCRIPTOR, Descriptor, descriptors
from builder.iso.iso9660 import Listing, Record
from builder.iso.source import SECTOR, Metered, Source, damaged

_MAX_DIRECTORIES = 65535  # what a path table can number
_MAX_TREES = 8  # two volumes, each with Rock Ridge, ISO 9660:1999 and Joliet, are six
_LOWER = {ord(each): ord(each.lower()) for each in string.ascii_uppercase}
_VERSION = re.compile(r";\d*$")


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """One hierarchy of names."""

    descriptor: Descriptor
    skip: int | None
    """Bytes before Rock Ridge in each record; None without Rock Ridge."""

    @property
    def base(self) -> int:
        """Sector from which its block numbers count."""
        return self.descriptor.base

    @property
    def title(self) -> str:
        """What people call its kind of names."""
        first = self.descriptor.sector == self.base + FIRST_DESCRIPTOR
        kind = "Joliet" if self.descriptor.joliet else "ISO 9660" if first else "ISO 9660:1999"
        kind = "Rock Ridge" if self.skip is not None else kind
        return f"{kind} at sector {self.base}" if self.base else kind


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """A directory that was read."""

    extent: int
    """Counted from the volume's beginning, as in records."""
    listing: Listing


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where a path leads."""

    record: Record
    base: int
    directory: int
    """Extent of the directory that the record is in."""

    @property
    def at(self) -> int:
        """First byte of the content, counted from the image's beginning."""
        return (self.base + self.record.extent) * SECTOR


def trees(source: Source, bases: tuple[int, ...] = (0,)) -> tuple[Tree, ...]:
    """Return the trees of the volumes that begin at the sectors `bases`.

    Media for USB sticks may have a second set of descriptors, for the view from their partition.
    """
    found = [each for base in bases for each in descriptors(source, base)]
    if len(found) > _MAX_TREES:
        raise damaged(source, f"it has {len(found)} trees of directories")
    return tuple(Tree(descriptor=each, skip=_skip(source, each)) for each in found)


def _skip(source: Source, descriptor: Descriptor) -> int | None:
    record = descriptor.root
    found = iso9660.listing(source, descriptor.base, record.extent, record.length)
    return rockridge.skipped(found.records[0])


def read_directory(source: Source, tree: Tree, record: Record) -> Directory:
    """Return the directory of the tree that a record points at."""
    found = iso9660.listing(source, tree.base, record.extent, record.length)
    return Directory(extent=record.extent, listing=found)


def walk(source: Source, tree: Tree) -> Iterator[Directory]:
    """Yield every directory once, parents first.

    Raises MediaError for directories that contain themselves, and for too many.
    """
    seen, size = {tree.descriptor.root.extent}, tree.descriptor.root.length
    waiting = [read_directory(source, tree, tree.descriptor.root)]
    while waiting:
        directory = waiting.pop(0)
        yield directory
        for record in directory.listing.directories:
            if record.extent in seen:
                raise damaged(source, f"its directory at sector {record.extent} is in a loop")
            size += record.length
            if len(seen) == _MAX_DIRECTORIES or size > iso9660.LARGEST:
                raise damaged(source, "its directories are too many, or too large")
            seen.add(record.extent)
            waiting.append(read_directory(source, tree, record))


def versioned(source: Source, tree: Tree) -> bool:
    """Tell whether names have a ";1" here: genisoimage's Joliet has none."""
    for directory in walk(source, tree):
        for each in directory.listing.records[2:]:
            if not each.is_directory:
                return b";" in each.identifier
    return True


class Finder:
    """Finds paths ("EFI/BOOT/grub.cfg") in a tree that stays as it is; reads directories once.

    Names are POSIX ones where the tree has Rock Ridge, Joliet's, or else ISO 9660's.
    """

    def __init__(self, source: Source, tree: Tree) -> None:
        self._source, self._tree = Metered(source), tree
        self._known: dict[tuple[int, int], dict[str, Record]] = {}

    def find(self, path: str) -> Found | None:
        """Return what the path leads to, or None."""
        where, _, name = path.rpartition("/")
        directory = self.folder(where)
        record = None if directory is None else self._entry(directory, name)
        if directory is None or record is None:
            return None
        return Found(record=record, base=self._tree.base, directory=directory.extent)

    def folder(self, path: str) -> Record | None:
        """Return the directory that the path leads to, the root for ""; None if there is none."""
        directory = self._tree.descriptor.root
        for name in path.split("/") if path else ():
            record = self._entry(directory, name)
            if record is None or not record.is_directory:
                return None
            directory = record
        return directory

    def _entry(self, directory: Record, name: str) -> Record | None:
        """Return the record of that name; a directory nested too deep is where its link leads."""
        place = (directory.extent, directory.length)
        if place not in self._known:
            self._known[place] = self._names(directory)
        names = self._known[place]
        record = names.get(name) or names.get(key(self._tree, name))
        return record and _followed(self._source, self._tree, record)

    def _names(self, directory: Record) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for each in read_directory(self._source, self._tree, directory).listing.records[2:]:
            name = name_of(self._source, self._tree, each)
            found.setdefault(name, each)
        for name in tuple(found):  # what differs in case alone is still found by its own name
            found.setdefault(key(self._tree, name), found[name])
        return found


def _followed(source: Source, tree: Tree, record: Record) -> Record:
    if tree.skip is None or record.length or record.is_directory:
        return record
    extent = rockridge.child_link(source, tree.base, record, tree.skip)
    if extent is None:
        return record
    first = iso9660.listing(source, tree.base, extent, SECTOR).records[0]
    return msgspec.structs.replace(record, extent=extent, length=first.length, flags=first.flags)


def key(tree: Tree, name: str) -> str:
    """Return what readers of the tree compare of a part of a path.

    Of names that are not Rock Ridge's neither case counts nor dots at the end: Linux goes by
    neither in Joliet, shows ISO 9660's own in lower case, and loaders find those in any.
    """
    return name if tree.skip is not None else folded(name)


def folded(name: str) -> str:
    """Return a name without case and dots at the end, as far as ASCII goes."""
    lower = name.lower() if name.isascii() else name.translate(_LOWER)
    return lower.rstrip(".") or lower


def name_of(source: Source, tree: Tree, record: Record) -> str:
    """Return the name by which a path finds the record."""
    if tree.skip is not None:
        return rockridge.name(source, tree.base, record, tree.skip) or _plain_name(record)
    if tree.descriptor.joliet:
        return record.identifier.decode("utf-16-be", "replace").removesuffix(";1")
    return _plain_name(record)


def _plain_name(record: Record) -> str:
    """Return ISO 9660's name without version and empty extension."""
    return _VERSION.sub("", record.identifier.decode("ascii", "replace")).removesuffix(".")
