"""Files of a medium that are compressed, unpacked piece by piece: no more of them is in memory."""

import bz2
import hashlib
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Protocol

from builder.errors import MediaError
from builder.iso.source import Source, damaged

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE = 1 << 16
_AT_ONCE = 1 << 20
"""Bytes that are unpacked at once: a kilobyte may come to a megabyte."""
_MOST = 2 << 30
"""Bytes of a whole file: six times the list of Fedora's 70,000 packages."""
_SUMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
"""Of createrepo_c's checksums; its "sha" is sha1."""
_WRONG = (EOFError, OSError, ValueError, lzma.LZMAError, zlib.error, zstd.ZstdError)


class _Unpacker(Protocol):
    """What bz2, lzma and zstd have alike."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gunzip:
    """zlib's in the shape of the others."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: a gzip header is in front

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max(max_length, 0))


_KINDS: dict[str, Callable[[], _Unpacker]] = {
    ".bz2": bz2.BZ2Decompressor,
    ".gz": _Gunzip,
    ".xz": lzma.LZMADecompressor,
    ".zst": zstd.ZstdDecompressor,
}
_PLAIN = frozenset({".xml", ".yaml"})
READABLE = frozenset({*_KINDS, *_PLAIN})
"""Endings of names; zchunk's .zck is left out, for whoever writes that writes another as well."""


def unpacked(
    source: Source, at: int, length: int, *, name: str, checksum: tuple[str, str] = ("", "")
) -> Iterator[bytes]:
    """Yield the content of the file that begins at a byte of the medium, by its name's ending.

    A checksum is of the packed file: its kind, and what it must be.
    Raises MediaError for what cannot be unpacked, for what comes to too much, and at the end for
    what has another checksum.
    """
    kind = PurePosixPath(name).suffix
    pieces = _summed(_pieces(source, at, length), checksum, source, name)
    size = 0
    try:
        for piece in pieces if kind in _PLAIN else _unpack(pieces, _KINDS[kind]):
            size += len(piece)
            if size > _MOST:
                raise damaged(source, f"its file {name} comes to more than {_MOST >> 30} GiB")
            yield piece
    except MediaError:
        raise
    except _WRONG as error:
        raise damaged(source, f"its file {name} cannot be unpacked: {error}") from error


def _pieces(source: Source, at: int, length: int) -> Iterator[bytes]:
    for begin in range(at, at + length, _PIECE):
        yield source.read(begin, min(_PIECE, at + length - begin))


def _summed(
    pieces: Iterator[bytes], checksum: tuple[str, str], source: Source, name: str
) -> Iterator[bytes]:
    kind, expected = checksum
    kind = "sha1" if kind == "sha" else kind
    content = hashlib.new(kind if kind in _SUMS else "sha256", usedforsecurity=False)
    for piece in pieces:
        content.update(piece)
        yield piece
    if kind in _SUMS and content.hexdigest() != expected:
        raise damaged(source, f"its file {name} has not the {kind} that repomd.xml gives")


def _unpack(pieces: Iterator[bytes], make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    """Unpack streams, one behind the other."""
    unpacker = make()
    for piece in pieces:
        left = piece
        while left or not (unpacker.needs_input or unpacker.eof):
            if unpacker.eof:
                unpacker = make()
            yield unpacker.decompress(left, _AT_ONCE)
            left = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise EOFError("it ends too early")
