"""What is wrong with the FAT file system that UEFI boots: stricter than builder/iso/fat.py reads.

Microsoft's FAT specification 1.03, and UEFI 2.10, 13.3.2 and 3.5.1.1, for what firmware looks for.
"""

import struct
from collections.abc import Iterator, Sequence

import msgspec

from builder.iso import fat
from builder.iso.eltorito import BootImage
from builder.iso.fat_folder import Entry, entries
from builder.iso.source import SECTOR, Source

_ALL = 0xFFFF  # blocks: as many as a catalogue can count
_MEDIA = {0xF0, *range(0xF8, 0x100)}
_LARGEST_FOLDER = 2 << 20  # bytes, by the specification
_LARGEST_TABLE = 16 << 20
_SMALLEST = {16: 4085, 32: 65525}  # clusters: fewer make it FAT12, or FAT16
_MOST_ENTRIES = 65536
_FIRST = 2  # cluster
_LOADER = "EFI/BOOT/BOOT"
_STATE_AT = {12: 37, 16: 37, 32: 65}
_DIRTY = 1  # what Linux sets while it writes, and fsck.fat looks at


def problems(source: Source, images: Sequence[BootImage]) -> Iterator[str]:
    """Yield what firmware, or a kernel, would trip over in the boot images for UEFI.

    Firmware leaves alone what is no FAT: so do we, if there is another image that is one.
    """
    starts = {each.sector * SECTOR for each in images}
    systems = {each for each in starts if fat.claims(source, each)}
    for image in images:
        start = image.sector * SECTOR
        if start in systems or not (systems or fat.is_hfs(source, start)):
            yield from _image_problems(source, image, start)


def _image_problems(source: Source, image: BootImage, start: int) -> Iterator[str]:
    if start + SECTOR > source.size:
        return
    title = f"The EFI boot image at sector {image.sector}"
    geometry = _geometry(source.read(start, 512))
    if geometry is None or start + geometry.size > source.size:
        yield f"{title} is no FAT file system that fits."
        return
    if 1 < image.blocks < _ALL and image.blocks * 512 < geometry.size:
        yield f"{title} has {geometry.size} bytes; firmware is told of {image.blocks * 512}."
    if source.read(start + _STATE_AT[geometry.bits], 1)[0] & _DIRTY:
        yield f"{title} is marked as one that was not written to its end."
    volume = _Volume(source, start, geometry)
    yield from (f"{title}: {each}." for each in volume.problems())


class _Geometry(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of the file system are, in bytes from its beginning."""

    media: int
    table: int
    table_size: int
    tables: int
    root: int
    root_size: int
    root_cluster: int
    data: int
    cluster: int
    size: int

    @property
    def clusters(self) -> int:
        return (self.size - self.data) // self.cluster

    @property
    def bits(self) -> int:
        if self.root_cluster:
            return 32
        return 12 if self.clusters < _SMALLEST[16] else 16


def _geometry(boot: bytes) -> _Geometry | None:
    sector, per, reserved, tables, roots, small, media, short = struct.unpack_from(
        "<HBHBHHBH", boot, 11
    )
    large, long, _, version, root = struct.unpack_from("<IIHHI", boot, 32)
    sane = sector in {512, 1024, 2048, 4096} and per in {1 << each for each in range(8)}
    sane = sane and boot[510:512] == b"\x55\xaa" and boot[0] in {0xEB, 0xE9} and media in _MEDIA
    if not (sane and reserved and tables in {1, 2} and (small or large)):
        return None
    size, root_size = (short or long) * sector, roots * 32
    at = reserved * sector
    found = _Geometry(
        media=media,
        table=at,
        table_size=size,
        tables=tables,
        root=at + tables * size,
        root_size=root_size,
        root_cluster=0 if short else root,
        data=at + tables * size + root_size,
        cluster=per * sector,
        size=(small or large) * sector,
    )
    ways = bool(short) == bool(roots) and root_size % sector == 0 and (short or not version)
    return found if ways and _fits(found, wide=not short) else None


def _fits(found: _Geometry, *, wide: bool) -> bool:
    """Tell whether there are clusters, as many as the kind of file system may have."""
    if found.data >= found.size or not 0 < found.table_size <= _LARGEST_TABLE:
        return False
    if wide != bool(found.root_cluster) or (not wide and found.clusters >= _SMALLEST[32]):
        return False
    return found.table_size * 8 >= (found.clusters + _FIRST) * found.bits


class _Volume:
    """A file system whose geometry makes sense, and which cluster belongs to what."""

    def __init__(self, source: Source, start: int, geometry: _Geometry) -> None:
        self._source, self._start, self._has = source, start, geometry
        self._table = source.read(start + geometry.table, geometry.table_size)
        self._end = (1 << min(geometry.bits, 28)) - 8  # from here on, a chain's end
        self._used: set[int] = set()
        self._left = _MOST_ENTRIES
        self._loaders = 0

    def problems(self) -> Iterator[str]:
        has = self._has
        first = self._next(0)
        if first & 0xFF != has.media or first < self._end - 8 or self._next(1) < self._end >> 2:
            yield "its allocation table does not begin as one"
        elif has.bits > 12 and self._next(1) < self._end:  # noqa: PLR2004
            # Its upper two bits say that it was, and without an error of the disk.
            yield "its allocation table says that it was not written to its end"
        for copy in range(1, has.tables):
            at = self._start + has.table + copy * has.table_size
            if self._source.read(at, has.table_size) != self._table:
                yield "its allocation tables differ"
        yield from self._walk()
        if not self._loaders:
            yield f"it has no {_LOADER}*.EFI, which firmware looks for"

    def _walk(self) -> Iterator[str]:
        has = self._has
        if has.root_cluster:
            reason, content = self._content(has.root_cluster)
            waiting = [("", has.root_cluster, 0, content)]
            if reason:
                yield f"its root folder {reason}"
        else:
            root = self._source.read(self._start + has.root, has.root_size)
            waiting = [("", 0, 0, root)]
        while waiting:
            path, cluster, parent, content = waiting.pop()
            found, wrong = entries(content, cluster, parent, root=not path)
            yield from (f"in its folder /{path} {each}" for each in wrong)
            self._left -= len(found)
            if self._left < 0:
                yield "it has too many files"
                return
            for each in found:
                name = f"{path}{each.name}"
                if not each.is_folder:
                    yield from self._file_problems(name, each)
                    continue
                reason, inside = self._content(each.cluster)
                if reason or each.size:
                    yield f"its folder /{name} {reason or 'has a size'}"
                else:
                    above = cluster if path else 0
                    waiting.append((f"{name}/", each.cluster, above, inside))

    def _file_problems(self, path: str, file: Entry) -> Iterator[str]:
        wanted = -(-file.size // self._has.cluster)
        chain, reason = self._chain(file.cluster, wanted + 1) if file.cluster else ([], "")
        if not reason and len(chain) != wanted:
            reason = f"has {file.size} bytes in {len(chain)} clusters"
        if reason:
            yield f"its file /{path} {reason}"
        elif path.upper().startswith(_LOADER) and path.upper().endswith(".EFI") and chain:
            self._loaders += 1
            if self._source.read(self._place(chain[0]), 2) != b"MZ":
                yield f"its file /{path} is no program"

    def _content(self, cluster: int) -> tuple[str, bytes]:
        """Return what is wrong with a folder's clusters, and what is in them."""
        chain, reason = self._chain(cluster, _LARGEST_FOLDER // self._has.cluster)
        if not chain:
            return reason or "has no clusters", b""
        read, size = self._source.read, self._has.cluster
        return reason, b"".join(read(self._place(each), size) for each in chain)

    def _place(self, cluster: int) -> int:
        return self._start + self._has.data + (cluster - _FIRST) * self._has.cluster

    def _chain(self, cluster: int, longest: int) -> tuple[list[int], str]:
        """Return the clusters of a chain, at most so many, and why they are none."""
        found: list[int] = []
        while cluster < self._end:
            if not _FIRST <= cluster < self._has.clusters + _FIRST:
                return found, f"goes on in cluster {cluster}, which is none"
            if cluster in self._used:
                return found, f"shares cluster {cluster}"
            if len(found) == longest:
                return found, "does not end"
            self._used.add(cluster)
            found.append(cluster)
            cluster = self._next(cluster)
        return found, ""

    def _next(self, cluster: int) -> int:
        if self._has.bits == 12:  # noqa: PLR2004  # two entries share three bytes
            (pair,) = struct.unpack_from("<H", self._table, cluster * 3 // 2)
            return int(pair >> 4 if cluster % 2 else pair & 0xFFF)
        if self._has.bits == 16:  # noqa: PLR2004
            return int(struct.unpack_from("<H", self._table, cluster * 2)[0])
        return int(struct.unpack_from("<I", self._table, cluster * 4)[0]) & 0x0FFFFFFF
