"""What qemu-img and the file system say of an image."""

import os
import re
import struct
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from builder import files, process
from builder.errors import HostError, TemplateError, explained
from builder.model.template import ImageFacts, Template
from builder.monitor import Progress, SilentMonitor
from builder.virt import backing

_PERCENT = re.compile(r"\((\d+\.\d+)/100%\)")
_QCOW = struct.Struct(">20xI12xIQ")  # the header: bits of a cluster, the level 1 table
_ENTRY = struct.Struct(">Q")
_PLACE = (1 << 56) - 512
"""The bits of a table's entry that say where something is."""
_ZEROS = 1


class _QemuInfo(msgspec.Struct, frozen=True, rename="kebab"):
    virtual_size: int


def measure(path: Path) -> ImageFacts:
    """Check the image's structure and return its sizes and digest.

    Raises HostError when qemu-img finds it damaged.
    """
    process.run(["qemu-img", "check", "-q", path])
    capacity = virtual_size(path)
    digest = files.sha256(path, monitor=SilentMonitor())
    return ImageFacts(virtual_size=capacity, size=path.stat().st_size, sha256=digest)


def refuse_parts(template: Template) -> None:
    """Raise TemplateError when the image needs, or may need, other files.

    Nobody vouches for what they hold. None that a build has published does. Raises HostError when
    it cannot be read.
    """
    with explained(f"Cannot read {template.path}"):
        why = backing.parts(template.path)
    if why:
        raise TemplateError(
            f"{template.path} is no whole image: {why}.",
            hint="Do not use it: take another version, or build it again with --force.",
        )


def virtual_size(path: Path) -> int:
    """Return how large a guest sees the image, in bytes. Raises HostError."""
    text = process.run(["qemu-img", "info", "--output=json", path]).stdout
    try:
        return msgspec.json.decode(text, type=_QemuInfo).virtual_size
    except msgspec.DecodeError as error:
        raise HostError(f"qemu-img says nothing useful about {path}: {error}.") from error


def data_size(path: Path, *, most: int) -> int | None:
    """Return how many bytes of clusters of a qcow2 hold data; None if they are larger than `most`.

    Its tables tell, as QEMU's docs/interop/qcow2.txt describes them; qemu-img would print a line
    for each piece, of which there may be millions. Raises HostError.
    """
    with explained(f"Cannot read {path}"), path.open("rb") as file:
        (head,) = _records(file, _QCOW, at=0, count=1)
        bits, entries, at = head
        if bits >= most.bit_length():
            return None
        count = (1 << bits) // _ENTRY.size
        tables = (table & _PLACE for (table,) in _records(file, _ENTRY, at=at, count=entries))
        found = (_records(file, _ENTRY, at=table, count=count) for table in tables if table)
        clusters = sum(
            1 for (each,) in chain.from_iterable(found) if each & _PLACE and not each & 1
        )
    return clusters << bits


def _records(
    file: BinaryIO, record: struct.Struct, *, at: int, count: int
) -> Iterator[tuple[int, ...]]:
    size = record.size * count
    if at + size > os.fstat(file.fileno()).st_size:
        raise HostError(f"{file.name} ends in its tables.")
    file.seek(at)
    return record.iter_unpack(file.read(size))


def counting(progress: Progress, total: int) -> Callable[[str], None]:
    """Return what hears qemu-img's "    (12.34/100%)" and counts towards `total`."""
    done = 0

    def count(line: str) -> None:
        nonlocal done
        if found := _PERCENT.search(line):
            now = int(float(found[1]) * total / 100)
            progress.advance(now - done)
            done = now

    return count
