"""A stream-optimised VMDK, written from its first byte to its last.

After VMware's "Virtual Disk Format 5.0": a header and a descriptor; then 64 KiB grains, each a zlib
stream behind a marker, and behind those that one grain table is for, that table; at the end the
grain directory, a footer, which is the header with the directory's place, and an end-of-stream
marker, behind which is nothing. Programs that take it in from a network read it in that order.
"""

import errno
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO

from builder.errors import UsageError
from builder.monitor import Progress

SECTOR = 512
GRAIN = 64 << 10
_ZEROS = bytes(GRAIN)
_GRAIN_SECTORS = GRAIN // SECTOR
_TABLE_ENTRIES = 512
_SPAN = _TABLE_ENTRIES * GRAIN
"""Bytes of the disk that one grain table is for."""
_OVERHEAD = 128
"""Sectors before the first grain, as VMware's and VirtualBox's own files have it."""
_DESCRIPTOR_AT = 1
DESCRIPTOR_SIZE = 20 * SECTOR

_HEADER = struct.Struct("<4sIIQQQQIQQQ?4sH433x")
_VERSION = 3
"""The first with compressed grains."""
_FLAGS = 1 << 0 | 1 << 16 | 1 << 17
"""The newlines below can be tested; grains are compressed; there are markers. A second directory
(bit 1) would have to lie before the grains, whose places are not known there."""
_LAST_SECTOR = 2**32 - 1
"""Tables have 32 bits for places in the file; the disk may have more."""
_DIRECTORY_AT_END = 2**64 - 1
_NEWLINES = b"\n \r\n"
_DEFLATE = 1

_GRAIN_MARKER = struct.Struct("<QI")
_MARKER = struct.Struct("<QII496x")


class _Marker(IntEnum):
    END = 0
    TABLE = 1
    DIRECTORY = 2
    FOOTER = 3


def write(
    pieces: Iterable[Path], target: Path, *, size: int, descriptor: bytes, progress: Progress
) -> None:
    """Write a disk of `size` bytes to `target`, and count those that are done.

    Its pieces are raw; each but the last holds whole grain tables' worth, so many times 32 MiB. One
    is not looked at any more when the next is asked for.

    Grains of nothing but zeros are left out. All processors that this process may use compress;
    they are 32 MiB ahead at most. Raises OSError, also for a full disk, and UsageError for a file
    of more than 2 TiB.
    """
    with (
        target.open("wb") as file,
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
    ):
        file.write(_header(size, directory=_DIRECTORY_AT_END))
        file.write(descriptor.ljust((_OVERHEAD - _DESCRIPTOR_AT) * SECTOR, b"\0"))
        directory: list[int] = []
        for piece in pieces:
            for length, places, disk in _spans(piece):
                grains = pool.map(partial(_packed, disk), places)
                directory.append(_grain_table(file, len(directory) * _SPAN, grains))
                progress.advance(length)
        at = _metadata(file, _Marker.DIRECTORY, _entries(directory))
        _metadata(file, _Marker.FOOTER, _header(size, directory=at))
        file.write(_MARKER.pack(0, 0, _Marker.END))


def capacity(size: int) -> int:
    """Return how many bytes a guest sees of a disk of `size` bytes: a multiple of the grains'."""
    return -(-size // GRAIN) * GRAIN


def _header(size: int, *, directory: int) -> bytes:
    return _HEADER.pack(
        b"KDMV",
        _VERSION,
        _FLAGS,
        capacity(size) // SECTOR,
        _GRAIN_SECTORS,
        _DESCRIPTOR_AT,
        DESCRIPTOR_SIZE // SECTOR,
        _TABLE_ENTRIES,
        0,
        directory,
        _OVERHEAD,
        False,
        _NEWLINES,
        _DEFLATE,
    )


def _spans(piece: Path) -> Iterator[tuple[int, Iterable[int], BinaryIO]]:
    """Yield for each grain table its bytes, where its grains begin, and the file to read."""
    with piece.open("rb", buffering=0) as disk:
        size = os.fstat(disk.fileno()).st_size
        for start in range(0, size, _SPAN):
            end = min(start + _SPAN, size)
            yield end - start, _places(disk, start, end), disk


def _places(disk: BinaryIO, start: int, end: int) -> Iterable[int]:
    """Return where the grains of a table begin: nowhere if there is only a hole."""
    try:
        data = os.lseek(disk.fileno(), start, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return ()
    return range(start, end, GRAIN) if data < end else ()


def _packed(disk: BinaryIO, at: int) -> bytes:
    """Return the grain there, compressed; nothing for zeros."""
    grain = os.pread(disk.fileno(), GRAIN, at).ljust(GRAIN, b"\0")
    return b"" if grain == _ZEROS else zlib.compress(grain)


def _grain_table(file: BinaryIO, start: int, grains: Iterable[bytes]) -> int:
    """Write the grains and their table, and return its sector; 0 if there is nothing to write."""
    table = [0] * _TABLE_ENTRIES
    for number, packed in enumerate(grains):
        if packed:
            table[number] = _place(file)
            first = start // SECTOR + number * _GRAIN_SECTORS
            file.write(_padded(_GRAIN_MARKER.pack(first, len(packed)) + packed))
    return _metadata(file, _Marker.TABLE, _entries(table)) if any(table) else 0


def _metadata(file: BinaryIO, marker: _Marker, content: bytes) -> int:
    """Write metadata behind its marker, and return the sector where it begins."""
    padded = _padded(content)
    file.write(_MARKER.pack(len(padded) // SECTOR, 0, marker))
    at = _place(file)
    file.write(padded)
    return at


def _place(file: BinaryIO) -> int:
    sector = file.tell() // SECTOR
    if sector > _LAST_SECTOR:
        raise UsageError(
            "A VMDK as a stream cannot be larger than 2 TiB, and this disk holds more.",
            hint="Export it with --format qcow2, raw or vhdx.",
        )
    return sector


def _entries(places: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(places)}I", *places)


def _padded(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0")
