"""A patch as an ISO of its own: a clone of the original, with the patch's bytes written into it."""

import errno
import fcntl
import os
from pathlib import Path
from tempfile import TemporaryFile

from builder import files
from builder.errors import MediaError
from builder.iso.patch import IsoPatch, Span
from builder.iso.source import FileSource
from builder.monitor import Monitor

_FICLONE = 0x40049409  # linux/fs.h
_CHUNK = 8 << 20
_BEHIND = 4 * _CHUNK  # how far the copy is ahead of what is surely on the disk
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY}


def shares_blocks(folder: Path) -> bool:
    """Tell whether files in the folder can share their blocks: a clone then costs nothing."""
    # Files without names: nothing is left in the pool when this process is killed.
    with files.writing(folder), TemporaryFile(dir=folder) as one, TemporaryFile(dir=folder) as two:
        one.write(bytes(1 << 16))
        one.flush()
        return _shares(one.fileno(), two.fileno())


def _shares(source: int, output: int) -> bool:
    """Make an empty file share all of the source's blocks; tell whether that worked."""
    try:
        fcntl.ioctl(output, _FICLONE, source)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        return False
    return True


def write(source: FileSource, patch: IsoPatch, output: Path, *, monitor: Monitor) -> None:
    """Write the patched image to the empty file `output`."""
    with output.open("r+b", buffering=0) as file:
        if not _shares(source.handle, file.fileno()):
            _copy_all(source, file.fileno(), monitor=monitor)
        file.truncate(patch.size)
        for each in patch.writes:
            if isinstance(each.content, bytes):
                os.pwrite(file.fileno(), each.content, each.at)
            else:
                _copy_span(source, each.content, file.fileno(), each.at)


def _copy_all(source: FileSource, output: int, *, monitor: Monitor) -> None:
    title = f"Copying {source.name}"
    with monitor.progress(title, total=source.size) as progress:
        done = 0
        while done < source.size:
            step = some(source.handle, output, done, done, min(_CHUNK, source.size - done))
            if not step:
                raise MediaError(f"{source.name} became shorter while it was copied.")
            _to_disk(output, done, step)
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
            step = some(handle, output, span.at + done, at + done, left)
            if not step:
                raise MediaError(f"{span.path} became shorter while it was copied.")
            done += step
    finally:
        if span.path is not None:
            os.close(handle)


def some(source: int, output: int, start: int, at: int, length: int) -> int:
    """Copy bytes of one open file to another; return how many, 0 at the source's end.

    The kernel does it, and shares blocks if it can; file systems that cannot do it themselves get
    the bytes from us.
    """
    try:
        return os.copy_file_range(source, output, length, start, at)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    content = os.pread(source, min(length, 1 << 20), start)
    return os.pwrite(output, content, at)
