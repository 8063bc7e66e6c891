"""Pictures of a screen: PPM or PNG in, pixels out, PNG again, and whether two look the same.

zlib and a page of code do, because QEMU writes two formats only: binary PPM, and PNG with 8 bits
of red, green and blue. Pillow would be the largest of our dependencies, compiled, for these two.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate, islice

import msgspec

_PPM = re.compile(rb"P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_RGB8 = (8, 2, 0, 0, 0)
"""Bit depth, colour type, compression, filter and interlace method of what QEMU writes."""
_CHANNELS = 3
_LARGEST = 64 * 2**20
"""Bytes of pixels: room for 4K and more, and an end for what is damaged."""

_CELL = (8, 16)
"""Width and height in pixels of what is compared: about a character of a text console."""
_NOTHING = 8
"""So many cells may differ between pictures that look the same.

A blinking cursor changes up to four, because a character may lie across the grid; one that also
moved changes twice as many. A line of text changes more.
"""


class Raster(msgspec.Struct, frozen=True, kw_only=True):
    """Pixels: three bytes each, row after row from the top."""

    width: int
    height: int
    rgb: bytes


def decode(data: bytes) -> Raster | None:
    """Return the pixels of a PPM or PNG as QEMU writes them; None for anything else."""
    return _from_png(data) if data.startswith(_SIGNATURE) else _from_ppm(data)


def encode(raster: Raster) -> bytes:
    """Return the pixels as a PNG."""
    stride = raster.width * _CHANNELS
    rows = (raster.rgb[start : start + stride] for start in range(0, len(raster.rgb), stride))
    lines = b"".join(b"\0" + row for row in rows)
    header = _HEADER.pack(raster.width, raster.height, *_RGB8)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")
    return _SIGNATURE + body


def alike(one: Raster, other: Raster) -> bool:
    """Return whether two pictures differ in next to nothing, such as a blinking cursor."""
    if (one.width, one.height) != (other.width, other.height):
        return False
    return len(list(islice(_changes(one, other), _NOTHING + 1))) <= _NOTHING


def _changes(one: Raster, other: Raster) -> Iterator[int]:
    """Give something for each cell that differs."""
    stride, band = one.width * _CHANNELS, one.width * _CHANNELS * _CELL[1]
    for top in range(0, len(one.rgb), band):
        here, there = one.rgb[top : top + band], other.rgb[top : top + band]
        if here != there:
            yield from _changes_in_band(here, there, stride)


def _changes_in_band(here: bytes, there: bytes, stride: int) -> Iterator[int]:
    step = _CELL[0] * _CHANNELS
    rows = range(0, len(here), stride)
    for left in range(0, stride, step):
        right = min(left + step, stride)
        if any(here[row + left : row + right] != there[row + left : row + right] for row in rows):
            yield left


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _from_ppm(data: bytes) -> Raster | None:
    header = _PPM.match(data)
    if header is None:
        return None
    rgb = data[header.end() :]
    return _raster(int(header[1]), int(header[2]), rgb)


def _raster(width: int, height: int, rgb: bytes) -> Raster | None:
    whole = width > 0 and len(rgb) == width * height * _CHANNELS > 0
    return Raster(width=width, height=height, rgb=rgb) if whole else None


def _from_png(data: bytes) -> Raster | None:
    try:
        chunks = list(_chunks(data))
        width, height, *kind = _HEADER.unpack(dict(chunks)[b"IHDR"])
        packed = b"".join(body for name, body in chunks if name == b"IDAT")
        lines = zlib.decompressobj().decompress(packed, _LARGEST)
        if tuple(kind) != _RGB8 or len(lines) != (width * _CHANNELS + 1) * height:
            return None
        return _raster(width, height, _unfiltered(lines, width * _CHANNELS))
    except (struct.error, zlib.error, LookupError):
        return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += length + 12


def _unfiltered(lines: bytes, stride: int) -> bytes:
    rows, above = [], bytes(stride)
    for start in range(0, len(lines), stride + 1):
        above = _unfilter(lines[start], lines[start + 1 : start + 1 + stride], above)
        rows.append(above)
    return b"".join(rows)


def _unfilter(method: int, line: bytes, above: bytes) -> bytes:
    """Undo PNG's filter of one line. Raises LookupError for a method that doesn't exist."""
    if method in _LIKE_ABOVE and not any(line):
        return above  # much of a console is black, and this is the short way
    return (_none, _sub, _up, _average, _paeth)[method](line, above)


_LIKE_ABOVE = (2, 4)
"""Methods "up" and "Paeth": zeros mean the line above."""


def _none(line: bytes, _above: bytes) -> bytes:
    return line


def _sub(line: bytes, _above: bytes) -> bytes:
    made = bytearray(len(line))
    for channel in range(_CHANNELS):
        sums = accumulate(line[channel::_CHANNELS])
        made[channel::_CHANNELS] = bytes([value & 255 for value in sums])
    return bytes(made)


def _up(line: bytes, above: bytes) -> bytes:
    return bytes([(value + up) & 255 for value, up in zip(line, above, strict=True)])


def _average(line: bytes, above: bytes) -> bytes:
    made = bytearray(_CHANNELS)  # the pixels left of the first are black
    for value, up in zip(line, above, strict=True):
        made.append((value + ((made[-_CHANNELS] + up) >> 1)) & 255)
    return bytes(made[_CHANNELS:])


def _paeth(line: bytes, above: bytes) -> bytes:
    made = bytearray(_CHANNELS)
    corners = bytes(_CHANNELS) + above
    for value, up, corner in zip(line, above, corners, strict=False):
        left = made[-_CHANNELS]
        to_left, to_up = abs(up - corner), abs(left - corner)
        to_corner = abs(left + up - 2 * corner)
        near = left if to_left <= to_up and to_left <= to_corner else up
        if to_corner < to_left and to_corner < to_up:
            near = corner
        made.append((value + near) & 255)
    return bytes(made[_CHANNELS:])
