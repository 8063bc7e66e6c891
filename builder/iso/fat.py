"""Files inside a FAT file system that lies in an ISO: find, read, replace.

FAT12, FAT16 and FAT32 by Microsoft's specification 1.03. Only what boot menus need: a file that is
there gets another content; nothing is added or removed, and names are never written.
"""

import struct
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from builder.iso.patch import Draft
from builder.iso.source import Source, damaged

_ENTRY = 32
_LONG_NAME = 0x0F
_VOLUME, _DIRECTORY = 0x08, 0x10
_DELETED = 0xE5
_FAT12_CLUSTERS = 4085  # fewer than these
_SECTORS = {512, 1024, 2048, 4096}
_LARGEST_TABLE = 16 << 20  # bytes; as many for all folders
_LARGEST_FILE = 1 << 20  # bytes
_DEEPEST = 64  # folders


class FatFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the file system."""

    path: str
    """With slashes; long names where it has them."""
    at: int
    """Byte of the image at which its directory entry stands."""
    cluster: int
    size: int


def is_hfs(source: Source, start: int) -> bool:
    """Tell whether an image is what Apple's firmware boots, lorax's macboot.img: HFS or HFS+."""
    at = start + 1024  # TN1150, Volume Header
    return at + 2 <= source.size and source.read(at, 2) in {b"H+", b"HX", b"BD"}


def claims(source: Source, start: int) -> bool:
    """Tell whether an image calls itself a FAT file system, damaged or not, by two signs of three.

    Those are the jump at its beginning, the signature of its first sector, and the name that
    formatting programs put there for people.
    """
    boot = source.read(start, max(min(512, source.size - start), 0)) if start < source.size else b""
    named = b"FAT" in (boot[54:57], boot[82:85])
    return (boot[:1] in {b"\xeb", b"\xe9"}) + (boot[510:512] == b"\x55\xaa") + named > 1


class FileSystem:
    """A FAT file system at byte `start` of `source`. Raises MediaError where there is none."""

    def __init__(self, source: Source, start: int) -> None:
        self._source, self._start = source, start
        boot = source.read(start, 512)
        sector, per_cluster, reserved, self._fats, roots, small, _, short = struct.unpack_from(
            "<HBHBHHBH", boot, 11
        )
        total = small or struct.unpack_from("<I", boot, 32)[0]
        fat = short or struct.unpack_from("<I", boot, 36)[0]
        known = boot[510:512] == b"\x55\xaa" and sector in _SECTORS
        known = known and fat * sector <= _LARGEST_TABLE
        if not (known and per_cluster and reserved and self._fats and fat and total):
            raise damaged(source, "its EFI boot image is no FAT file system")
        self._fat_at = start + reserved * sector
        self._fat_size: int = fat * sector
        self._root_at: int = self._fat_at + self._fats * self._fat_size
        self._root_size: int = roots * _ENTRY
        self._data_at: int = self._root_at + -(-self._root_size // sector) * sector
        self._cluster: int = per_cluster * sector
        self._root_cluster, info = (0, 0) if short else struct.unpack_from("<IH", boot, 44)
        self._info_at = start + info * sector if 0 < info < 0xFFFF else 0  # noqa: PLR2004  # none
        end = min(start + total * sector, source.size)
        clusters = max((end - self._data_at) // self._cluster, 0)
        self._bits = 32 if not short else 12 if clusters < _FAT12_CLUSTERS else 16
        # A table that is too short for its clusters ends them.
        self._count: int = min(clusters, self._fat_size * 8 // self._bits - 2)
        self._table = bytearray(source.read(self._fat_at, self._fat_size))

    def files(self) -> Iterator[FatFile]:
        """Yield every file, in the order of the directories."""
        if self._root_cluster:
            seen: set[int] = set()
            yield from self._listed(self._folder(self._root_cluster, "", seen), "", seen)
        else:
            yield from self._listed([(self._root_at, self._root_size)], "", set())

    def read(self, file: FatFile, *, largest: int = _LARGEST_FILE) -> bytes:
        """Return what a file of that size at most holds. Raises MediaError for others."""
        if file.size > largest:
            raise damaged(self._source, f"{file.path} in its EFI boot image has {file.size} bytes")
        clusters = self._clusters(file.cluster)[: -(-file.size // self._cluster)]
        content = b"".join(self._source.read(*piece) for piece in clusters)
        if len(content) < file.size:
            raise damaged(self._source, f"{file.path} in its EFI boot image is cut off")
        return content[: file.size]

    def replace(self, file: FatFile, content: bytes, into: Draft) -> None:
        """Write `content` as the file into a draft of the source.

        Raises MediaError when the file system is full.
        """
        chain = list(self._chain(file.cluster)) if file.cluster else []
        had = len(chain)
        wanted = -(-len(content) // self._cluster)
        free = (each for each in range(2, self._count + 2) if not self._next(each))
        while len(chain) < wanted:
            added = next(free, None)
            if added is None:
                raise damaged(self._source, "its EFI boot image is full")
            chain.append(added)
        self._link(chain[:wanted], dropped=chain[wanted:])
        padded = content.ljust(wanted * self._cluster, b"\0")
        for number, cluster in enumerate(chain[:wanted]):
            part = padded[number * self._cluster : (number + 1) * self._cluster]
            into.write(self._place(cluster), part)
        for copy in range(self._fats):
            into.write(self._fat_at + copy * self._fat_size, bytes(self._table))
        self._count_free(had - wanted, into)
        first = chain[0] if wanted else 0
        into.write(file.at + 20, struct.pack("<H", first >> 16))
        into.write(file.at + 26, struct.pack("<HI", first & 0xFFFF, len(content)))

    def _count_free(self, more: int, into: Draft) -> None:
        """Bring FAT32's count of free clusters up to date, where it has one."""
        if not self._info_at or not more:
            return
        info = into.read(self._info_at, 512)
        (free,) = struct.unpack_from("<I", info, 488)
        if info[:4] == b"RRaA" and info[484:488] == b"rrAa" and 0 <= free + more <= self._count:
            into.write(self._info_at + 488, struct.pack("<I", free + more))

    def _place(self, cluster: int) -> int:
        return self._data_at + (cluster - 2) * self._cluster

    def _clusters(self, first: int) -> list[tuple[int, int]]:
        return [(self._place(each), self._cluster) for each in self._chain(first)] if first else []

    def _chain(self, cluster: int) -> Iterator[int]:
        seen = set()
        while cluster in range(2, self._count + 2):
            if cluster in seen:
                raise damaged(self._source, "a file in its EFI boot image does not end")
            seen.add(cluster)
            yield cluster
            cluster = self._next(cluster)

    def _next(self, cluster: int) -> int:
        if self._bits == 12:  # noqa: PLR2004  # two entries share three bytes
            pair = int.from_bytes(self._table[cluster * 3 // 2 :][:2], "little")
            return pair >> 4 if cluster % 2 else pair & 0xFFF
        if self._bits == 16:  # noqa: PLR2004
            return int(struct.unpack_from("<H", self._table, cluster * 2)[0])
        return int(struct.unpack_from("<I", self._table, cluster * 4)[0]) & 0x0FFFFFFF

    def _link(self, chain: list[int], *, dropped: list[int]) -> None:
        for here, following in pairwise(chain):
            self._set(here, following)
        if chain:
            self._set(chain[-1], (1 << self._bits) - 1)
        for cluster in dropped:
            self._set(cluster, 0)

    def _set(self, cluster: int, value: int) -> None:
        if self._bits == 32:  # noqa: PLR2004  # of which the upper four are not ours
            (old,) = struct.unpack_from("<I", self._table, cluster * 4)
            value = old & 0xF0000000 | value & 0x0FFFFFFF
            struct.pack_into("<I", self._table, cluster * 4, value)
        elif self._bits == 16:  # noqa: PLR2004
            struct.pack_into("<H", self._table, cluster * 2, value)
        else:
            (pair,) = struct.unpack_from("<H", self._table, cluster * 3 // 2)
            pair = pair & 0xF | value << 4 if cluster % 2 else pair & 0xF000 | value
            struct.pack_into("<H", self._table, cluster * 3 // 2, pair)

    def _listed(
        self, pieces: list[tuple[int, int]], folder: str, seen: set[int]
    ) -> Iterator[FatFile]:
        long_name: dict[int, str] = {}
        for at, entry in self._entries(pieces):
            if entry[0] != _DELETED and entry[11] & 0x3F == _LONG_NAME:
                long_name[entry[0] & 0x3F] = _long_part(entry)
                continue
            name = "".join(long_name[each] for each in sorted(long_name)) or _short_name(entry)
            long_name = {}
            if entry[0] == _DELETED or entry[11] & _VOLUME or name in {".", ".."}:
                continue
            found = _file(f"{folder}{name}", at, entry)
            if not entry[11] & _DIRECTORY:
                yield found
            else:
                inside = self._folder(found.cluster, found.path, seen)
                yield from self._listed(inside, f"{found.path}/", seen)

    def _folder(self, cluster: int, path: str, seen: set[int]) -> list[tuple[int, int]]:
        """Return where a folder lies; folders in each other's clusters would take for ever."""
        clusters = set(self._chain(cluster))
        size = (len(seen) + len(clusters)) * self._cluster
        if not seen.isdisjoint(clusters) or size > _LARGEST_TABLE or path.count("/") > _DEEPEST:
            raise damaged(self._source, "the folders in its EFI boot image make no sense")
        seen |= clusters
        return self._clusters(cluster)

    def _entries(self, pieces: list[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
        for start, size in pieces:
            content = self._source.read(start, size)
            for at in range(0, size, _ENTRY):
                if not content[at]:
                    return
                yield start + at, content[at : at + _ENTRY]


def _file(path: str, at: int, entry: bytes) -> FatFile:
    (high,) = struct.unpack_from("<H", entry, 20)
    low, size = struct.unpack_from("<HI", entry, 26)
    return FatFile(path=path, at=at, cluster=high << 16 | low, size=size)


def _long_part(entry: bytes) -> str:
    encoded = entry[1:11] + entry[14:26] + entry[28:32]
    return encoded.decode("utf-16-le", "replace").partition("\0")[0]


def _short_name(entry: bytes) -> str:
    name, extension = entry[:8].decode("ascii", "replace"), entry[8:11].decode("ascii", "replace")
    # Windows NT keeps in two bits that a part is written in lower case; mtools does as well.
    name = name.rstrip().lower() if entry[12] & 0x08 else name.rstrip()
    extension = extension.rstrip().lower() if entry[12] & 0x10 else extension.rstrip()
    return f"{name}.{extension}" if extension else name
