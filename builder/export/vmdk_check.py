"""What a program demands of a VMDK that it takes in as a stream.

Read from VMware's "Virtual Disk Format 5.0", with nothing in common with what writes it: all in its
order, each table with just the grains that came before it, the end where the file ends.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from builder.errors import HostError

_SECTOR = 512
_VERSION = 3
"""The first with compression."""
_MARKED = 3 << 16
"""Flags: grains are compressed, and there are markers."""
_TABLE, _DIRECTORY, _FOOTER = 1, 2, 3
"""Kinds of metadata, as their markers have them; 0 ends the stream."""
_GRAIN = 128
"""Sectors of a grain: 64 KiB."""
_LARGEST = 1 << 17
"""Bytes of a compressed grain: 64 KiB, which may have grown a little."""
_MOST_OVERHEAD = 1 << 14
"""Sectors before the first grain: 8 MiB. Others have 64 KiB there, and this much is read at once.
"""


class _Header(NamedTuple):
    """SparseExtentHeader; sizes and places in sectors."""

    magic: bytes
    version: int
    flags: int
    capacity: int
    grain: int
    descriptor: int
    descriptor_size: int
    entries: int
    second_directory: int
    directory: int
    overhead: int
    unclean: int
    newlines: bytes
    compression: int


def grains(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield of each grain its first byte on the disk and its content, in their order.

    Raises HostError, at the latest at the end, for whatever the specification has otherwise.
    """
    with path.open("rb") as file:
        yield from _Stream(file).grains()


class _Stream:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._header = _header(self._read(_SECTOR))
        self._next = 0  # sector on the disk, from which the next grain may be
        self._open: dict[int, int] = {}  # grains without a table yet: number, sector in the file
        self._tables: dict[int, int] = {}
        self._directory = 0
        self._footer = False

    def grains(self) -> Iterator[tuple[int, bytes]]:
        self._descriptor()
        while True:
            at = self._file.tell() // _SECTOR
            marker = self._read(_SECTOR)
            value, size, kind = struct.unpack_from("<QII", marker)
            if size:
                yield self._grain(at, marker)
            elif kind:
                _demand(not any(marker[16:]), "there is something behind a marker")
                self._metadata(kind, value)
            else:
                break
        _demand(self._footer, "there is no footer before its end")
        _demand(not any(marker), "its end-of-stream marker is not empty")
        _demand(not self._file.read(1), "it goes on behind its end-of-stream marker")

    def _descriptor(self) -> None:
        header = self._header
        _demand(header.descriptor >= 1, "it has no descriptor")
        _demand(1 < header.overhead <= _MOST_OVERHEAD, "its grains begin at an unusual place")
        before = self._read((header.overhead - 1) * _SECTOR)
        end = header.descriptor + header.descriptor_size
        _demand(end <= header.overhead, "its descriptor runs into the grains")
        start, stop = ((sector - 1) * _SECTOR for sector in (header.descriptor, end))
        _demand(not any(before[:start] + before[stop:]), "there is something beside its descriptor")
        text = before[start:stop].rstrip(b"\0")
        _demand(b"\0" not in text, "its descriptor ends in its midst")
        _described(text.split(b"\n"), header.capacity)

    def _grain(self, at: int, marker: bytes) -> tuple[int, bytes]:
        first, size = struct.unpack_from("<QI", marker)
        _demand(not self._directory, "a grain comes behind the directory")
        _demand(first % self._header.grain == 0, "a grain begins inside another")
        _demand(self._next <= first < self._header.capacity, "a grain is out of its order")
        _demand(size <= _LARGEST, "a grain is too large")
        self._next = first + self._header.grain
        self._open[first // self._header.grain] = at
        _demand(len(self._open) <= self._header.entries, "there are more grains than a table has")
        packed = marker[12:] + self._read(max(0, -(-(12 + size) // _SECTOR) - 1) * _SECTOR)
        _demand(not any(packed[size:]), "there is something behind a grain")
        return first * _SECTOR, _inflated(packed[:size])

    def _metadata(self, kind: int, length: int) -> None:
        known = {
            _TABLE: self._read_table,
            _DIRECTORY: self._read_directory,
            _FOOTER: self._read_footer,
        }
        _demand(kind in known, "there is a marker of an unknown kind")
        _demand(not self._footer, "there is something between its footer and its end")
        known[kind](self._file.tell() // _SECTOR, length * _SECTOR)

    def _read_table(self, at: int, length: int) -> None:
        entries = self._header.entries
        _demand(length == entries * 4, "a grain table has another size")
        found = {number: sector for number, sector in enumerate(self._numbers(length)) if sector}
        [*spans] = {number // entries for number in self._open}
        _demand(len(spans) == 1, "a grain table is not for one span of the disk")
        here = {number % entries: sector for number, sector in self._open.items()}
        _demand(found == here, "a grain table has other grains than came before it")
        self._tables[spans[0]] = at
        self._open = {}

    def _read_directory(self, at: int, length: int) -> None:
        span = self._header.grain * self._header.entries
        count = -(-self._header.capacity // span)
        _demand(not self._directory and not self._open, "the directory does not come after all")
        _demand(length == -(-count * 4 // _SECTOR) * _SECTOR, "the directory has another size")
        found = {number: sector for number, sector in enumerate(self._numbers(length)) if sector}
        _demand(found == self._tables, "the directory has other tables than came before it")
        self._directory = at

    def _read_footer(self, at: int, length: int) -> None:  # noqa: ARG002
        _demand(length == _SECTOR, "the footer has another size")
        _demand(self._directory > 0, "the footer comes before the directory")
        footer = _parsed(self._read(_SECTOR))
        right = self._header._replace(directory=self._directory)
        _demand(footer == right, "the footer is not the header with the directory's place")
        self._footer = True

    def _numbers(self, length: int) -> tuple[int, ...]:
        return struct.unpack(f"<{length // 4}I", self._read(length))

    def _read(self, length: int) -> bytes:
        content = self._file.read(length)
        _demand(len(content) == length, "it ends before its end-of-stream marker")
        return content


def _described(lines: list[bytes], capacity: int) -> None:
    """Check the descriptor: a disk of its own, in this one file."""
    _demand(lines[0] == b"# Disk DescriptorFile", "its descriptor does not begin as one")
    _demand(b'createType="streamOptimized"' in lines, "its descriptor has another type")
    _demand({b"version=1", b"parentCID=ffffffff"} <= {*lines}, "its descriptor has a parent")
    _demand(any(re.fullmatch(rb"CID=[0-9a-f]{8}", line) for line in lines), "it has no content ID")
    extents = [line for line in lines if re.match(rb"(RW|RDONLY|NOACCESS) ", line)]
    right = rb'RW %d SPARSE "[^"]+"' % capacity
    _demand(
        len(extents) == 1 and re.fullmatch(right, extents[0]), "its descriptor has another size"
    )


def _inflated(packed: bytes) -> bytes:
    """Return a grain's content: one zlib stream, whose checksum is right, and nothing behind it."""
    stream = zlib.decompressobj()
    try:
        # One byte more than there may be, so that a stream cannot ask for memory without end.
        content = stream.decompress(packed, _GRAIN * _SECTOR + 1)
    except zlib.error:
        content = b""
    whole = stream.eof and not stream.unused_data and len(content) == _GRAIN * _SECTOR
    _demand(whole, "a grain cannot be unpacked")
    return content


def _header(sector: bytes) -> _Header:
    header = _parsed(sector)
    _demand(header.magic == b"KDMV", "it is no VMDK")
    _demand(header.version == _VERSION, "its version is not 3, the first with compression")
    _demand(header.flags & _MARKED == _MARKED, "it has no markers or no compression")
    _demand(header.flags & 1 and header.newlines == b"\n \r\n", "its newlines are not tested")
    _demand(header.compression == 1, "its compression is not deflate")
    _demand(header.unclean == 0, "it was not closed")
    _demand(header.directory == 2**64 - 1, "its directory is not said to be at its end")
    second = bool(header.flags & 2)
    _demand(second == bool(header.second_directory), "its flags and its second directory differ")
    _demand((header.grain, header.entries) == (_GRAIN, 512), "its grains have an unusual size")
    _demand(header.capacity % header.grain == 0, "its capacity is no multiple of its grains'")
    return header


def _parsed(sector: bytes) -> _Header:
    _demand(not any(sector[79:]), "there is something behind its header")
    return _Header(*struct.unpack_from("<4sIIQQQQIQQQB4sH", sector))


def _demand(condition: object, problem: str) -> None:
    if not condition:
        raise HostError(
            f"The VMDK is not as programs demand that read it as a stream: {problem}.",
            hint="Look for errors of the disk or the memory: `dmesg`.",
        )
