"""Volume descriptors: where a volume's trees begin, and what it is called (ECMA-119 8; Joliet)."""

import struct
from collections.abc import Iterable, Iterator

import msgspec

from builder.iso.iso9660 import NUMBERS, SELF, Record
from builder.iso.source import SECTOR, Source, damaged

FIRST_DESCRIPTOR = 16
"""Sector of the first volume descriptor, counted from where the volume begins."""

JOLIET_LABEL = 16
"""Letters of a volume id in Joliet."""

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""In a label that is not UTF-8: what Joliet has of it is not for us to say."""

_MAX_DESCRIPTORS = 64
_SESSIONS = 128  # sectors: behind the ends of all sets of descriptors, for a partition's too
_JOLIET = (b"%/@", b"%/C", b"%/E")


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """A primary or supplementary volume descriptor."""

    base: int
    """Sector at which the volume begins: block numbers count from there."""
    sector: int
    """Where the descriptor itself is, counted from the image's beginning."""
    joliet: bool
    volume_id: str
    space: int
    """Sectors of the volume."""
    path_table_size: int
    path_tables: tuple[int, int]
    """Sectors of the little-endian and the big-endian table."""
    root: Record
    copies: tuple[int, ...] = ()
    """Sectors in which it is once more: xorriso's own commands keep one for each session, and
    mkisofs's second one of ISO 9660:1999 leads to the same directories."""

    @property
    def sectors(self) -> tuple[int, ...]:
        """All the sectors that a change of it has to reach."""
        return (self.sector, *self.copies)

    def is_called(self, label: str) -> bool:
        """Tell whether its volume id is the label; Joliet has room for half of one.

        libblkid compares both: where they differ, Joliet's is the volume's label for Linux.
        """
        wanted = label[:JOLIET_LABEL].rstrip() if self.joliet else label
        return self.volume_id == wanted or UNREADABLE in label


def descriptors(source: Source, base: int = 0) -> tuple[Descriptor, ...]:
    """Return the descriptors of the volume that begins at sector `base`: the primary one first.

    Raises MediaError when none is there or one makes no sense.
    """
    raw = [each for each in raw_descriptors(source, base) if each[1][0] in {1, 2}]
    others = dict((*raw, *_sessions(source, base)))
    found = [_descriptor(source, base, sector, content, others.items()) for sector, content in raw]
    if not found or found[0].joliet:
        raise damaged(source, "it has no primary volume descriptor")
    return tuple(found)


def raw_descriptors(source: Source, base: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield each descriptor before the terminator, with its sector from the image's beginning."""
    first = base + FIRST_DESCRIPTOR
    for sector in range(first, first + _MAX_DESCRIPTORS):
        content = source.read(sector * SECTOR, SECTOR)
        if content[1:6] != b"CD001":
            raise damaged(source, f"sector {sector} is no volume descriptor")
        if content[0] == 255:  # noqa: PLR2004  # ECMA-119 8.3.1: the terminator
            return
        yield sector, content
    raise damaged(source, "its volume descriptors do not end")


def _sessions(source: Source, base: int) -> tuple[tuple[int, bytes], ...]:
    """Return the sectors in which xorriso keeps a session's own descriptors, with their contents.

    Its native commands write to files as to discs that can be written anew: the first session
    begins at sector 32, and what is in sector 16 is a copy. isolinux is told of the session's.
    """
    first = base + FIRST_DESCRIPTOR + 1
    count = max(min(_SESSIONS, source.size // SECTOR) - first, 0)
    content = source.read(first * SECTOR, count * SECTOR)
    pieces = ((first + n, content[n * SECTOR : (n + 1) * SECTOR]) for n in range(count))
    return tuple(piece for piece in pieces if piece[1][1:6] == b"CD001")


def _descriptor(
    source: Source, base: int, sector: int, content: bytes, sessions: Iterable[tuple[int, bytes]]
) -> Descriptor:
    joliet = content[0] == 2 and content[88:91] in _JOLIET  # noqa: PLR2004  # supplementary
    identifier = content[40:72].decode("utf-16-be" if joliet else "utf-8", "replace")
    (block,) = struct.unpack_from("<H", content, 128)
    if block != SECTOR:
        raise damaged(source, f"its blocks have {block} bytes")
    (size,) = struct.unpack_from("<I", content, 132)
    return Descriptor(
        base=base,
        sector=sector,
        joliet=joliet,
        volume_id=identifier.rstrip(" \0"),
        space=struct.unpack_from("<I", content, 80)[0],
        path_table_size=size,
        path_tables=(
            struct.unpack_from("<I", content, 140)[0],
            struct.unpack_from(">I", content, 148)[0],
        ),
        root=_root(source, content[156:190]),
        copies=tuple(
            each for each, other in sessions if each != sector and _lead_same(content, other)
        ),
    )


def _lead_same(one: bytes, other: bytes) -> bool:
    """Tell whether two descriptors have the same path tables and root directory."""
    return other[0] in {1, 2} and one[132:190] == other[132:190]


def _root(source: Source, raw: bytes) -> Record:
    extent, length = NUMBERS.unpack_from(raw, 2)
    root = Record(at=0, extent=extent, length=length, flags=raw[25], identifier=SELF, raw=raw)
    # Linux begins to read behind extended attributes, and xorriso elsewhere: nobody has such.
    if not root.is_directory or not length or raw[1] or raw[26] or raw[27]:
        raise damaged(source, "its root directory is none")
    return root
