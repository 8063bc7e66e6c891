"""A patch as a qcow2 overlay: a small file whose backing file is the untouched ISO.

QEMU's documentation, docs/interop/qcow2.txt, describes the format; version 3 without options.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.iso.patch import IsoPatch, Patched
from builder.iso.source import FileSource, Source, check_range, damaged

_BITS = 16
_CLUSTER = 1 << _BITS
_POINTERS = _CLUSTER // 8  # entries of a level 2 table
_COUNTS = _CLUSTER // 2  # entries of a refcount block, of 16 bits each
_COPIED = 1 << 63  # an entry whose cluster nobody else refers to
_OFFSET = (1 << 56) - 512
_HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")
_MAGIC, _VERSION = b"QFI\xfb", 3
_FORMAT = struct.pack(">II8sII", 0xE2792ACA, 3, b"raw", 0, 0)  # of the backing file; then the end
_NAME_AT = _HEADER.size + len(_FORMAT)


def write(source: FileSource, patch: IsoPatch, output: Path) -> None:
    """Write the overlay to the empty file `output`; it names the source by its absolute path."""
    view = Patched(source, patch)
    touched = sorted(set(_touched(patch)))
    size = -(-patch.size // 512) * 512
    tables = sorted({cluster // _POINTERS for cluster in touched})
    layout = _Layout(
        levels=-(-size // (_CLUSTER * _POINTERS)), tables=len(tables), data=len(touched)
    )
    with output.open("r+b") as file:
        file.write(_header(source, size, layout))
        file.seek(layout.counts_at)
        blocks = range(layout.blocks_at, layout.levels_at, _CLUSTER)
        file.write(struct.pack(f">{len(blocks)}Q", *blocks))
        file.seek(layout.blocks_at)
        file.write(struct.pack(f">{layout.clusters}H", *[1] * layout.clusters))
        file.seek(layout.levels_at)
        file.write(_level1(tables, layout))
        for number, table in enumerate(tables):
            file.seek(layout.tables_at + number * _CLUSTER)
            file.write(_level2(table, touched, layout))
        file.seek(layout.data_at)
        for cluster in touched:
            at = cluster * _CLUSTER
            file.write(view.read(at, min(_CLUSTER, patch.size - at)).ljust(_CLUSTER, b"\0"))


def _touched(patch: IsoPatch) -> Iterator[int]:
    """Yield the guest's clusters that differ from the backing file."""
    for each in patch.writes:
        yield from range(each.at // _CLUSTER, (each.at + each.length - 1) // _CLUSTER + 1)


class _Layout:
    """Where the parts of the overlay are, in bytes; all begin on a cluster."""

    def __init__(self, *, levels: int, tables: int, data: int) -> None:
        self.levels = levels
        level_clusters = -(-levels * 8 // _CLUSTER)
        rest = 2 + level_clusters + tables + data
        blocks = -(-rest // (_COUNTS - 1))  # each counts itself as well
        self.clusters = rest + blocks
        self.counts_at = _CLUSTER
        self.blocks_at = 2 * _CLUSTER
        self.levels_at = self.blocks_at + blocks * _CLUSTER
        self.tables_at = self.levels_at + level_clusters * _CLUSTER
        self.data_at = self.tables_at + tables * _CLUSTER


def _header(source: FileSource, size: int, layout: _Layout) -> bytes:
    name = os.fsencode(source.path.absolute())
    fields = (
        _MAGIC, _VERSION, _NAME_AT, len(name), _BITS, size, 0, layout.levels, layout.levels_at,
        layout.counts_at, 1, 0, 0, 0, 0, 0, 4, _HEADER.size,
    )  # fmt: skip
    return _HEADER.pack(*fields) + _FORMAT + name


def _level1(tables: Sequence[int], layout: _Layout) -> bytes:
    pointers = [0] * layout.levels
    for number, table in enumerate(tables):
        pointers[table] = layout.tables_at + number * _CLUSTER | _COPIED
    return struct.pack(f">{layout.levels}Q", *pointers)


def _level2(table: int, touched: Sequence[int], layout: _Layout) -> bytes:
    pointers = [0] * _POINTERS
    for number, cluster in enumerate(touched):
        if cluster // _POINTERS == table:
            pointers[cluster % _POINTERS] = layout.data_at + number * _CLUSTER | _COPIED
    return struct.pack(f">{_POINTERS}Q", *pointers)


class Overlay:
    """An overlay that `write` made, read as the image that a guest sees."""

    def __init__(self, file: FileSource, backing: Source) -> None:
        self.name = file.name
        self._file, self._backing = file, backing
        header = _HEADER.unpack(file.read(0, _HEADER.size))
        if header[:2] != (_MAGIC, _VERSION) or header[4] != _BITS:
            raise damaged(file, "it is no overlay of ours")
        self.size = header[5]
        self._levels = struct.unpack(f">{header[7]}Q", file.read(header[8], header[7] * 8))

    def read(self, at: int, length: int) -> bytes:
        """Return `length` bytes from `at` on."""
        check_range(self, at, length)
        parts, end = [], at + length
        while at < end:
            step = min(_CLUSTER - at % _CLUSTER, end - at)
            parts.append(self._piece(at, step))
            at += step
        return b"".join(parts)

    def _piece(self, at: int, length: int) -> bytes:
        cluster = self._pointer(at // _CLUSTER)
        if cluster:
            return self._file.read(cluster + at % _CLUSTER, length)
        there = max(min(self._backing.size - at, length), 0)
        return (self._backing.read(at, there) if there else b"").ljust(length, b"\0")

    def _pointer(self, cluster: int) -> int:
        table = self._levels[cluster // _POINTERS] & _OFFSET
        if not table:
            return 0
        entry = self._file.read(table + cluster % _POINTERS * 8, 8)
        return int.from_bytes(entry, "big") & _OFFSET
