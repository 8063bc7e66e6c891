"""The files of a system, as the reader (read.sh) archives them.

The archive is a tar: facts/list names everything there is, facts/swap tells of swap areas, and
below tree/ are the contents of files that people and services write, where they are small.
"""

import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

import msgspec

from builder.errors import HostError

Kind = Literal["file", "directory", "link", "other"]
_KINDS: dict[str, Kind] = {"f": "file", "d": "directory", "l": "link"}
_FIELDS = 5
_ROOT = "tree"


class GuestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One name in the tree."""

    path: str
    """Absolute, as the system itself sees it."""
    kind: Kind
    mode: int
    size: int
    """Bytes of a file's content."""
    label: str
    """SELinux context; empty for none."""


class GuestTree:
    """All entries by path, and contents as long as the archive is open."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {member.name: member for member in archive}
        words = self.fact("list").split("\0")
        found = (_entry(words[at : at + _FIELDS]) for at in range(0, len(words) - 1, _FIELDS))
        self.entries = {entry.path: entry for entry in found}

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Read an archive. Raises HostError if it is none."""
        try:
            with tarfile.open(path, "r:") as archive:
                yield cls(archive)
        except (OSError, tarfile.TarError, ValueError) as error:
            raise HostError(
                f"The disk's files cannot be read from {path}: {error}.",
                hint="Is the disk of the store pool full?",
            ) from error

    def matching(self, *patterns: str) -> Iterator[GuestFile]:
        """Yield the entries that match one of the patterns: `*` within a name, `**` any depth."""
        wanted = _expression(patterns)
        return (entry for path, entry in self.entries.items() if wanted.fullmatch(path))

    def read(self, path: str) -> bytes:
        """Return the content of a file; empty where there is none in the archive."""
        return self._content(f"{_ROOT}{path}")

    def text(self, path: str) -> str:
        """Return the same as text."""
        return self.read(path).decode(errors="replace")

    def fact(self, name: str) -> str:
        """Return what the reader noted under that name; empty if it did not."""
        return self._content(f"facts/{name}").decode(errors="surrogateescape")

    def _content(self, name: str) -> bytes:
        member = self._members.get(name)
        file = self._archive.extractfile(member) if member else None
        return file.read() if file else b""


def _entry(words: list[str]) -> GuestFile:
    """Return one record of the list. Raises ValueError when it was cut off."""
    kind, mode, size, label, path = words
    return GuestFile(
        path=path.removeprefix(_ROOT) or "/",
        kind=_KINDS.get(kind, "other"),
        mode=int(mode, 8),
        size=int(size),
        label=label,
    )


@lru_cache
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_translated, patterns)))


def _translated(pattern: str) -> str:
    words = {"**": ".*", "*": "[^/]*"}
    return "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", pattern))
