"""The files of a system, from a tar archive of all of it."""

import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

import msgspec

from builder.errors import HostError

_LABELS = ("SCHILY.xattr.security.selinux", "RHT.security.selinux")  # --xattrs, --selinux
_LARGEST_TEXT = 1 << 20

Kind = Literal["file", "directory", "link", "other"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One name in the tree; a hard link counts as a file of its own."""

    path: str
    """Absolute, as the system itself sees it."""
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    """Bytes of a file's content."""
    target: str = ""
    """Where a symbolic link points."""
    label: str = ""
    """SELinux context; empty for none."""


class Tree:
    """All entries by path, and the contents of files as long as the archive is open."""

    def __init__(self, archive: tarfile.TarFile, *, root: str) -> None:
        self._archive = archive
        self._members: dict[str, tarfile.TarInfo] = {}
        self.entries: dict[str, Entry] = {}
        prefix = f"./{root}"
        for member in archive:
            if member.name == prefix or member.name.startswith(f"{prefix}/"):
                path = member.name.removeprefix(prefix) or "/"
                self._members[path] = member
                self.entries[path] = _entry(path, member)

    @classmethod
    @contextmanager
    def opened(cls, path: Path, *, root: str) -> Iterator[Self]:
        """Read the part below the folder `root` of an archive. Raises HostError if it is none."""
        try:
            with tarfile.open(path, "r:") as archive:
                yield cls(archive, root=root)
        except (OSError, tarfile.TarError) as error:
            raise HostError(
                f"The disk's files cannot be read from {path}: {error}.",
                hint="Is the disk of the store pool full?",
            ) from error

    def matching(self, *patterns: str) -> Iterator[Entry]:
        """Yield the entries that match one of the patterns: `*` within a name, `**` any depth."""
        wanted = _expression(patterns)
        return (entry for path, entry in self.entries.items() if wanted.fullmatch(path))

    def read(self, path: str) -> bytes:
        """Return the content of a file, its first MiB at most; empty where there is none."""
        member = self._members.get(path)
        file = self._archive.extractfile(member) if member and not member.issym() else None
        return file.read(_LARGEST_TEXT) if file else b""

    def text(self, path: str) -> str:
        """Return the same as text."""
        return self.read(path).decode(errors="replace")


def _entry(path: str, member: tarfile.TarInfo) -> Entry:
    kind: Kind = "other"
    if member.isdir():
        kind = "directory"
    elif member.issym():
        kind = "link"
    elif member.isfile() or member.islnk():
        kind = "file"
    labels = (member.pax_headers[name] for name in _LABELS if name in member.pax_headers)
    return Entry(
        path=path,
        kind=kind,
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        size=member.size,
        target=member.linkname if member.issym() else "",
        label=next(labels, "").rstrip("\0"),
    )


@lru_cache
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_translated, patterns)))


def _translated(pattern: str) -> str:
    words = {"**": ".*", "*": "[^/]*"}
    return "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", pattern))
