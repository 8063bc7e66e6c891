"""ISO 9660 as bytes: directories and their records (ECMA-119, and Joliet's variation of it).

Written for this project because a remaster has to be quick: a library that makes an object of every
file of a DVD takes longer to open it than we take for the whole of the work.
"""

import functools
import struct
from collections.abc import Callable, Iterator, Mapping

import msgspec

from builder.iso.source import SECTOR, Source, damaged

DIRECTORY = 2
CONTINUED = 0x80
"""Flags of a directory record; a continued file goes on in the next record (4 GiB and more)."""

SELF, PARENT = b"\x00", b"\x01"
"""Identifiers of the first two records of every directory."""

LARGEST = 16 << 20
"""Bytes of a path table and of all directories of a tree: ten times those of a DVD of packages."""

NUMBERS = struct.Struct("<I4xI")
"""Extent and length in a record; each is there twice, little-endian and big-endian."""
_unpack = NUMBERS.unpack_from
_HEAD = 33  # bytes of a record before its identifier


class Record(msgspec.Struct, frozen=True, gc=False):
    """An entry of a directory."""

    at: int
    """Byte within the directory."""
    extent: int
    """Sector at which the content begins, counted from where the volume begins."""
    length: int
    """Bytes of content."""
    flags: int
    identifier: bytes
    """As recorded: with ";1", in UTF-16 for Joliet."""
    raw: bytes

    @property
    def is_directory(self) -> bool:
        """Tell directories from files."""
        return bool(self.flags & DIRECTORY)

    @property
    def system_use(self) -> bytes:
        """What follows the identifier: Rock Ridge, where the ISO has it."""
        return self.raw[_HEAD + len(self.identifier) + (len(self.identifier) + 1) % 2 :]


class Listing(msgspec.Struct, frozen=True, gc=False):
    """All records of one directory."""

    records: tuple[Record, ...]
    directories: tuple[Record, ...]
    """Those of them that are directories inside this one."""
    reach: int
    """First sector behind everything that the records point at."""
    ordered: bool
    """The records have an order that readers know."""
    lengths: Mapping[int, int]
    """Bytes of the files that have any, by the sectors at which they begin."""


def listing(source: Source, base: int, extent: int, length: int) -> Listing:
    """Read the directory at `extent` of the volume that begins at sector `base`."""
    if length > LARGEST:
        raise damaged(source, f"its directory at sector {base + extent} has {length} bytes")
    content = source.read((base + extent) * SECTOR, sectors(length) * SECTOR)
    try:
        return _parse(content[:length])
    except ValueError as error:
        raise damaged(source, f"in the directory at sector {base + extent} {error}") from error


# Reading the result again meets mostly the directories of the original: the same bytes.
@functools.lru_cache(maxsize=65536)
def _parse(content: bytes) -> Listing:
    found = list(_records(content))
    if [each.identifier for each in found[:2]] != [SELF, PARENT]:
        raise ValueError("the first two entries are not itself and its parent")
    return Listing(
        records=tuple(found),
        directories=tuple([each for each in found[2:] if each.flags & DIRECTORY]),
        reach=max([each.extent + (each.length + SECTOR - 1) // SECTOR for each in found]),
        ordered=order_of([each.identifier for each in found[2:]]) is not None,
        lengths={
            each.extent: each.length for each in found if each.length and not each.flags & DIRECTORY
        },
    )


def _records(content: bytes) -> Iterator[Record]:
    at = 0
    while at < len(content):
        size = content[at]
        if not size:  # records do not cross sectors: the rest of this one is empty
            at = (at // SECTOR + 1) * SECTOR
            continue
        yield record(content[at : at + size], at)
        at += size


def record(raw: bytes, at: int = 0) -> Record:
    """Return the record that these bytes are. Raises ValueError for those that are none."""
    size = len(raw)
    length = raw[32] if size > _HEAD else 0
    if not length or size != raw[0] or _HEAD + length > size:
        raise ValueError(f"the entry at byte {at} does not fit")
    if at % SECTOR + size > SECTOR:
        raise ValueError(f"the entry at byte {at} crosses a sector")
    if raw[1] or raw[26] or raw[27]:
        raise ValueError(f"the entry at byte {at} is interleaved or has extended attributes")
    extent, content = _unpack(raw, 2)
    return Record(at, extent, content, raw[25], raw[_HEAD : _HEAD + length], raw)


Order = Callable[[bytes], tuple[bytes, ...]]


def order_of(identifiers: list[bytes]) -> Order | None:
    """Return the sort key that a directory's identifiers follow; None if they follow neither.

    ECMA-119 9.3 compares name, extension, then version; some mastering tools compare the bytes.
    """
    if identifiers == sorted(identifiers):
        return _byte_order
    keys = [ecma_order(each) for each in identifiers]
    return ecma_order if keys == sorted(keys) else None


def _byte_order(identifier: bytes) -> tuple[bytes, ...]:
    return (identifier,)


def ecma_order(identifier: bytes) -> tuple[bytes, ...]:
    """Return the sort key of an identifier: its name, extension and version."""
    # Joliet's dots and semicolons have a zero before them, which sorts before all else in either.
    name, _, version = identifier.partition(b";")
    stem, _, extension = name.partition(b".")
    return stem, extension, version


def sectors(length: int) -> int:
    """Return how many sectors hold `length` bytes."""
    return -(-length // SECTOR)


def both_endian(number: int) -> bytes:
    """Return a number the way ISO 9660 records it: little-endian, then big-endian."""
    return struct.pack("<I", number) + struct.pack(">I", number)
