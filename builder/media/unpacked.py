"""Files that are compressed, unpacked piece by piece: no more of them is in memory."""

import bz2
import hashlib
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Protocol

from builder.errors import MediaError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

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
    pieces: Iterable[bytes],
    *,
    name: str,
    damaged: Callable[[str], MediaError],
    checksum: tuple[str, str] = ("", ""),
    open_checksum: tuple[str, str] = ("", ""),
) -> Iterator[bytes]:
    """Yield what is in the file of which these are the bytes, by its name's ending.

    Checksums have a kind, and what they must be: the first is of the packed file.
    Raises what `damaged` makes of a reason: for what cannot be unpacked, for what comes to too
    much, and at the end for what has another checksum.
    """
    kind, what = PurePosixPath(name).suffix, f"its file {name}"
    packed = _summed(pieces, checksum, lambda each: damaged(f"{what} {each}"))
    bare = packed if kind in _PLAIN else _unpack(packed, _KINDS[kind])
    content = _summed(bare, open_checksum, lambda each: damaged(f"what {what} holds {each}"))
    try:
        yield from _bounded(content, damaged(f"{what} comes to more than {_MOST >> 30} GiB"))
    except _WRONG as error:
        raise damaged(f"{what} cannot be unpacked: {error}") from error


def _bounded(pieces: Iterable[bytes], excess: MediaError) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > _MOST:
            raise excess
        yield piece


def _summed(
    pieces: Iterable[bytes], checksum: tuple[str, str], damaged: Callable[[str], MediaError]
) -> Iterator[bytes]:
    kind, expected = checksum
    kind = "sha1" if kind == "sha" else kind
    if kind not in _SUMS:
        yield from pieces
        return
    content = hashlib.new(kind, usedforsecurity=False)
    for piece in pieces:
        content.update(piece)
        yield piece
    if content.hexdigest() != expected:
        raise damaged(f"has not the {kind} that repomd.xml gives")


def _unpack(pieces: Iterable[bytes], make: Callable[[], _Unpacker]) -> Iterator[bytes]:
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
