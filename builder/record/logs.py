"""What guests wrote, read back: as it came, as it grows, or as lines that are safe to print."""

import base64
import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from builder import files
from builder.model.hiding import Hiding
from builder.model.text import plain
from builder.paths.reading import is_plain, open_plain
from builder.record.terminal import Lines

_CHUNK = 65536
_POLL_SECONDS = 0.5
_LARGEST = 64 << 20
_LEVELS = ("*.log*", "*/*.log*")
"""Where builds have their logs; what is nested more deeply is somebody else's."""
_PACKED = re.compile(rb'(?<="log_base64":")[^"]*')


def chunks(path: Path, *, most: int | None = None) -> Iterator[bytes]:
    """Give a file's bytes in pieces; only its last `most` bytes if that is given."""
    size = path.stat().st_size
    begin = 0 if most is None else max(0, size - most)
    yield from (data for _end, data in _from(path, begin))


def growing(
    path: Path, going: Callable[[], bool], *, wait: Callable[[float], object] = time.sleep
) -> Iterator[bytes]:
    """Give a file's bytes in pieces, and what is added to it as long as `going` returns true.

    The file need not be there yet. One that became shorter is another one of that name: virtlogd
    puts a log aside that has become large.
    """
    at = 0
    while True:
        more = going()  # asked first, so that what was written until the end is read
        size = path.stat().st_size if is_plain(path) else 0
        at = at if at <= size else 0
        if size > at:
            for end, data in _from(path, at):
                at = end
                yield data
        if not more:
            return
        wait(_POLL_SECONDS)


def cleaned(pieces: Iterable[bytes]) -> Iterator[str]:
    """Give the lines in the bytes of a terminal, without anything that a terminal would obey."""
    lines = Lines()
    for data in pieces:
        yield from map(plain, lines.feed(data))
    if rest := lines.pending():
        yield plain(rest)


def conceal(folder: Path, hiding: Hiding) -> None:
    """Overwrite in a build's logs what `hiding` knows; their lengths stay.

    That is done in place: a guest that is kept may still write to them. What is no file of ours, or
    larger than virtlogd makes one, stays as it is. Raises OSError, HostError.
    """
    found = (each for level in _LEVELS for each in folder.glob(level))
    ours = (each for each in found if files.own(each))
    for path in (each for each in ours if each.stat().st_size <= _LARGEST):
        with open_plain(path, links=False) as file:
            data = file.read()
        clean = hiding.blank(_PACKED.sub(lambda found: _repacked(found[0], hiding), data))
        if clean != data:
            _overwrite(path, data, clean)


def _overwrite(path: Path, data: bytes, clean: bytes) -> None:
    if path.stat().st_nlink > 1:  # the file's other names are not ours to change
        with files.replacing(path, mode=0o600, durable=False) as part:
            part.write_bytes(clean)
        return
    with path.open("r+b", buffering=0) as file:
        for at in range(0, len(data), _CHUNK):
            if clean[at : at + _CHUNK] != data[at : at + _CHUNK]:
                file.seek(at)
                file.write(clean[at : at + _CHUNK])


def _repacked(packed: bytes, hiding: Hiding) -> bytes:
    """Return a packed log of a guest's report without it; what is none stays."""
    try:
        return base64.b64encode(hiding.blank(base64.b64decode(packed, validate=True)))
    except ValueError:
        return packed


def _from(path: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield pieces with where they end; nobody wrote what is in holes, which may be endless."""
    with open_plain(path) as file:
        while _at_data(file, offset):
            data = file.read(_CHUNK)
            offset = file.tell()
            yield offset, data


def _at_data(file: BinaryIO, offset: int) -> bool:
    """Go to the first data from there on; return whether there are any."""
    try:
        file.seek(offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return False
    return True
