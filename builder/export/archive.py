"""Tar archives that are the same whenever they are made, and are read again before they count."""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from builder import files
from builder.errors import HostError
from builder.monitor import Monitor, Progress

_LEVEL = 1  # gzip: the images inside are compressed already


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file in an archive, or a folder."""

    name: str
    content: bytes | Path | None = None
    """None makes a folder."""
    mode: int = 0o644
    owner: int = 0
    """User and group, as numbers; no names are kept."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        if isinstance(self.content, Path):
            return self.content.stat().st_size
        return len(self.content or b"")


def pack(
    path: Path,
    members: Sequence[Member],
    *,
    when: int,
    monitor: Monitor,
    ustar: bool = False,
    gzipped: bool = False,
) -> dict[str, str]:
    """Write the members in their order to `path`, dated `when`, and read the result again.

    Returns the sha256 of each, as `digests` does.
    `ustar` is for readers that know only the oldest tar; it holds no file of 8 GiB and more.
    Raises HostError when what is read is not what was written.
    """
    total = sum(member.size for member in members)
    form = tarfile.USTAR_FORMAT if ustar else tarfile.PAX_FORMAT
    with (
        monitor.progress(f"Packing {len(members)} files", total=total) as progress,
        _opened(path, when=when, gzipped=gzipped) as file,
        tarfile.open(fileobj=file, mode="w", format=form) as tar,
    ):
        wrote = {member.name: _add(tar, member, when, progress) for member in members}
    if digests(path, monitor=monitor) != wrote:
        raise HostError(
            "The archive does not hold what was put into it.",
            hint="Look for errors of the disk or the memory: dmesg.",
        )
    return wrote


def digests(path: Path, *, monitor: Monitor) -> dict[str, str]:
    """Return the sha256 of every member, in order; "" for folders. Raises HostError."""
    with monitor.progress("Reading it again", total=path.stat().st_size) as progress:
        try:
            with tarfile.open(path) as tar:
                found = {member.name: _digest(tar, member, progress) for member in tar}
                # The checksum of what is compressed comes behind the end of the tar.
                while tar.fileobj.read(files.BLOCK):
                    pass
                return found
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise HostError(f"The archive cannot be read again: {error}.") from error


@contextmanager
def _opened(path: Path, *, when: int, gzipped: bool) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        if not gzipped:
            yield file
            return
        # Without a name, which would be the temporary one.
        with gzip.GzipFile("", "wb", _LEVEL, file, mtime=when) as packed:
            yield cast("BinaryIO", packed)  # as far as tarfile needs it


def _add(tar: tarfile.TarFile, member: Member, when: int, progress: Progress) -> str:
    info = tarfile.TarInfo(member.name)
    info.size, info.mode, info.mtime = member.size, member.mode, when
    info.uid = info.gid = member.owner
    if member.content is None:
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
        return ""
    with _content(member.content) as file:
        heard = _Heard(file, progress)
        tar.addfile(info, heard)
    return heard.digest.hexdigest()


@contextmanager
def _content(content: bytes | Path) -> Iterator[BinaryIO]:
    if isinstance(content, bytes):
        yield io.BytesIO(content)
        return
    with content.open("rb") as file:
        yield file


class _Heard:
    """A file whose digest is taken, and its bytes counted, while it is read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self.digest = hashlib.sha256()
        self._file, self._progress = file, progress

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        self._progress.advance(len(block))
        return block


def _digest(tar: tarfile.TarFile, member: tarfile.TarInfo, progress: Progress) -> str:
    file = tar.extractfile(member)
    if file is None:
        return ""
    heard = _Heard(file, progress)  # type: ignore[arg-type]  # it only reads
    while heard.read(files.BLOCK):
        pass
    return heard.digest.hexdigest()
