"""What a remaster changes, as a value: which bytes go where, and how large the image is then."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import msgspec

from builder.iso.source import SECTOR, Source, check_range

_ZEROS = bytes(SECTOR)
_BLOCK = 1 << 20


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a file: of the original image where `path` is None."""

    path: Path | None = None
    at: int
    length: int
    changed: int = 0
    """When the file at the path was changed last, as in st_mtime_ns."""


def length_of(content: bytes | Span) -> int:
    """Return how many bytes that is."""
    return content.length if isinstance(content, Span) else len(content)


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that go to byte `at` of the image; whole sectors, except at the end of a file."""

    at: int
    content: bytes | Span
    title: str
    """What they are, for people."""

    @property
    def length(self) -> int:
        """How many bytes."""
        return length_of(self.content)


class IsoPatch(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that makes the new image of the original one. Later writes cover earlier ones."""

    writes: tuple[Write, ...]
    size: int
    """Bytes of the new image."""

    @property
    def fresh(self) -> int:
        """Bytes that are written."""
        return sum(each.length for each in self.writes)


class Patched:
    """An image seen through a patch: what the new image will be, before it is written."""

    def __init__(self, source: Source, patch: IsoPatch) -> None:
        self.name = source.name
        self.size = patch.size
        self._source = source
        # By the blocks that they touch: thousands of files may be added to gigabytes.
        self._writes: dict[int, list[Write]] = defaultdict(list)
        for write in patch.writes:
            for block in range(write.at // _BLOCK, -(-(write.at + write.length) // _BLOCK)):
                self._writes[block].append(write)

    def read(self, at: int, length: int) -> bytes:
        """Return `length` bytes from `at` on."""
        check_range(self, at, length)
        bounds = [at, *range((at // _BLOCK + 1) * _BLOCK, at + length, _BLOCK), at + length]
        return b"".join(self._within(start, end - start) for start, end in pairwise(bounds))

    def _within(self, at: int, length: int) -> bytes:
        writes = self._writes.get(at // _BLOCK, ())
        # Nearly all of an image: gigabytes that need no copy of their own.
        if not writes and at + length <= self._source.size:
            return self._source.read(at, length)
        there = max(min(self._source.size - at, length), 0)
        content = bytearray(self._source.read(at, there) if there else b"")
        content.extend(bytes(length - there))
        for write in writes:
            start, end = max(write.at, at), min(write.at + write.length, at + length)
            if start < end:
                content[start - at : end - at] = self._piece(write, start - write.at, end - start)
        return bytes(content)

    def _piece(self, write: Write, at: int, length: int) -> bytes:
        content = write.content
        if isinstance(content, bytes):
            return content[at : at + length]
        if content.path is None:
            return self._source.read(content.at + at, length)
        with content.path.open("rb") as file:
            file.seek(content.at + at)
            return file.read(length).ljust(length, b"\0")


class Draft:
    """An image under change, kept as the sectors that differ."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.size = source.size
        self._source = source
        self._sectors: dict[int, bytearray] = {}
        self._titles: dict[int, str] = {}

    def read(self, at: int, length: int) -> bytes:
        """Return `length` bytes from `at` on, changed or not."""
        first, last = at // SECTOR, (at + length - 1) // SECTOR
        if not any(sector in self._sectors for sector in range(first, last + 1)):
            return self._source.read(at, length)
        content = b"".join(self._sector(sector) for sector in range(first, last + 1))
        return content[at - first * SECTOR :][:length]

    def write(self, at: int, content: bytes, title: str = "") -> None:
        """Replace the bytes from `at` on; what lies behind the image makes it longer."""
        done = 0
        while done < len(content):
            sector, offset = divmod(at + done, SECTOR)
            part = content[done : done + SECTOR - offset]
            kept = self._sectors.setdefault(sector, bytearray(self._sector(sector)))
            kept[offset : offset + len(part)] = part
            if title:
                self._titles[sector] = title
            done += len(part)
        self.size = max(self.size, at + done)

    def writes(self) -> tuple[Write, ...]:
        """Return what was changed, in runs of sectors."""
        runs: list[tuple[int, bytearray, str]] = []
        for sector in sorted(self._sectors):
            content, title = self._sectors[sector], self._titles.get(sector, "")
            if content == self._original(sector):
                continue
            at = sector * SECTOR
            if runs and (runs[-1][0] + len(runs[-1][1]), runs[-1][2]) == (at, title):
                runs[-1][1].extend(content)
            else:
                runs.append((at, bytearray(content), title))
        return tuple(Write(at=at, content=bytes(run), title=title) for at, run, title in runs)

    def _sector(self, sector: int) -> bytes:
        kept = self._sectors.get(sector)
        return self._original(sector) if kept is None else bytes(kept)

    def _original(self, sector: int) -> bytes:
        there = max(min(self._source.size - sector * SECTOR, SECTOR), 0)
        found = self._source.read(sector * SECTOR, there) if there else b""
        return found + _ZEROS[there:]
