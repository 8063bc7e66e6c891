"""An ISO as bytes that can be read anywhere, whatever they come from."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from builder.errors import MediaError, explained
from builder.paths.reading import open_plain

SECTOR = 2048
"""Bytes in a logical sector of a CD; all ISO 9660 images of installers count in these."""

_READS = 1 << 18  # two seconds; a DVD of 50,000 long names needs a fifth of them

AGAIN = "Download it again, and compare its sha256 with the publisher's."


class Source(Protocol):
    """What can be read like an ISO: a file, or one seen through a patch."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def read(self, at: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `at` on. Raises MediaError beyond the end."""


class FileSource:
    """A file. The kernel's page cache is all the caching there is."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.name = path.name
        self.size = os.fstat(handle).st_size
        self.handle = handle

    def read(self, at: int, length: int) -> bytes:
        """Return `length` bytes from `at` on."""
        check_range(self, at, length)
        with explained(f"Cannot read {self.path}", hint=AGAIN, error_class=MediaError):
            content = os.pread(self.handle, length, at)
        if len(content) != length:
            raise damaged(self, f"it ends before byte {at + length}")
        return content


class Memory:
    """An image that is in memory as a whole: a small one."""

    def __init__(self, content: bytes, *, name: str = "image") -> None:
        self.name = name
        self.size = len(content)
        self._content = content

    def read(self, at: int, length: int) -> bytes:
        """Return `length` bytes from `at` on."""
        check_range(self, at, length)
        return self._content[at : at + length]


class Metered:
    """A source that is read so often and no more: on a hostile one each of all records leads on."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.size = source.size
        self._source = source
        self._left = _READS

    def read(self, at: int, length: int) -> bytes:
        """Return `length` bytes from `at` on."""
        if not self._left:
            raise damaged(self, "its names lie in too many places")
        self._left -= 1
        return self._source.read(at, length)


@contextmanager
def opened(path: Path) -> Iterator[FileSource]:
    """Open a file for reading. Raises MediaError when that is not possible."""
    try:
        file = open_plain(path)
    except OSError as error:
        raise MediaError(
            f"Cannot read {path}: {error.strerror}.", hint="Give the path of an ISO file."
        ) from error
    with file:
        yield FileSource(path, file.fileno())


def check_range(source: Source, at: int, length: int) -> None:
    """Raise MediaError unless the bytes are there."""
    if at < 0 or length < 0 or at + length > source.size:
        raise damaged(source, f"something in it would end at byte {at + length} of {source.size}")


def damaged(source: Source, reason: str) -> MediaError:
    """Return the error that says why an ISO makes no sense."""
    return MediaError(f"{source.name} is a damaged ISO: {reason}.", hint=AGAIN)
