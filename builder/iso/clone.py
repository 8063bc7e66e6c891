"""A patch as an ISO of its own: a clone of the original, with the patch's bytes written into it."""

import errno
import fcntl
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from builder import files
from builder.errors import MediaError
from builder.iso.patch import IsoPatch, Span
from builder.iso.source import FileSource, opened
from builder.monitor import Monitor

_FICLONE = 0x40049409  # linux/fs.h
_CHUNK = 8 << 20
_BEHIND = 4 * _CHUNK  # how far the copy is ahead of what is surely on the disk
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY}


def shares_blocks(folder: Path) -> bool:
    """Tell whether files in the folder can share their blocks: a clone then costs nothing."""
    with files.writing(folder), NamedTemporaryFile(dir=folder, prefix=".") as one:
        one.write(bytes(1 << 16))
        one.flush()
        with opened(Path(one.name)) as source, NamedTemporaryFile(dir=folder, prefix=".") as two:
            return _shares(source, Path(two.name))


def _shares(source: FileSource, output: Path) -> bool:
    """Make the empty file `output` share all of the source's blocks; tell whether that worked."""
    with output.open("r+b") as file:
        try:
            fcntl.ioctl(file, _FICLONE, source.handle)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            return False
    return True


def write(source: FileSource, patch: IsoPatch, output: Path, *, monitor: Monitor) -> None:
    """Write the patched image to the empty file `output`."""
    if not _shares(source, output):
        _copy_all(source, output, monitor=monitor)
    with output.open("r+b", buffering=0) as file:
        file.truncate(patch.size)
        for each in patch.writes:
            if isinstance(each.content, bytes):
                os.pwrite(file.fileno(), each.content, each.at)
            else:
                _copy_span(source, each.content, file.fileno(), each.at)


def _copy_all(source: FileSource, output: Path, *, monitor: Monitor) -> None:
    title = f"Copying {source.name}"
    with output.open("r+b") as file, monitor.progress(title, total=source.size) as progress:
        done = 0
        while done < source.size:
            step = _copy(source.handle, file.fileno(), done, done, min(_CHUNK, source.size - done))
            if not step:
                raise MediaError(f"{source.name} became shorter while it was copied.")
            _to_disk(file.fileno(), done, step)
            done += step
            progress.advance(step)


def _to_disk(output: int, at: int, length: int) -> None:
    """Have the bytes written now, and the memory back of those that were `_BEHIND` before them.

    The final sync would wait for all of them otherwise, and gigabytes that nobody reads soon would
    push what the host works with out of its cache. The same call does both: it starts to write
    dirty pages, and drops those that are written.
    """
    os.posix_fadvise(output, at, length, os.POSIX_FADV_DONTNEED)
    if at >= _BEHIND:
        os.posix_fadvise(output, at - _BEHIND, length, os.POSIX_FADV_DONTNEED)


def _copy_span(source: FileSource, span: Span, output: int, at: int) -> None:
    handle = source.handle if span.path is None else os.open(span.path, os.O_RDONLY)
    try:
        done = 0
        while done < span.length:
            left = min(_CHUNK, span.length - done)
            step = _copy(handle, output, span.at + done, at + done, left)
            if not step:
                raise MediaError(f"{span.path} became shorter while it was copied.")
            done += step
    finally:
        if span.path is not None:
            os.close(handle)


def _copy(source: int, output: int, start: int, at: int, length: int) -> int:
    """Let the kernel copy; file systems that cannot do it themselves get the bytes from us."""
    try:
        return os.copy_file_range(source, output, length, start, at)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    content = os.pread(source, min(length, 1 << 20), start)
    return os.pwrite(output, content, at)
