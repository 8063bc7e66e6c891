"""Which files QEMU's images need beside themselves, read from their headers.

Not asked of qemu-img: it opens what a VMDK calls its extents, and waits for ever where that is a
pipe; and for thousands of images it would be started thousands of times. A header that is damaged
names nothing, and no guest could be started on it.
"""

import os
import re
import stat
import struct
from pathlib import Path
from typing import BinaryIO

import msgspec

_QCOW = struct.Struct(">8xQI")  # of all versions: where the name is, and how long
_QED = struct.Struct("<16xQ32xII")  # features, and the same
_QED_BACKED = 1
_LONGEST = 1023
_FIRST_CLUSTER = 2 << 20
"""The largest that there is; the name is in it."""

_DESCRIPTOR = 32 << 10
"""More than QEMU itself reads of a VMDK's, which begins with the file or a sector later."""
_PARENT = re.compile(rb'^\s*parentFileNameHint\s*=\s*"([^"\n]+)"', re.MULTILINE)
_EXTENT = re.compile(rb'^\s*(?:RW|RDONLY|NOACCESS)\s+\d+\s+\w+\s+"([^"\n]+)"', re.MULTILINE)


def needs(file: Path) -> tuple[Path, ...]:
    """Return the files that an image names: its backing file, and the extents of a VMDK.

    What is no image names none. Raises OSError for what is not there or cannot be read.
    """
    about = file.stat()
    # Empty ones are never opened: files of /proc say that they are, and some wait or fail.
    if not (stat.S_ISBLK(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_size)):
        return ()
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
        names = _names(opened)
    return tuple(filter(None, (backing_path(file, os.fsdecode(each)) for each in names)))


def _names(image: BinaryIO) -> list[bytes]:
    head = image.read(max(_QCOW.size, _QED.size))
    if head.startswith(b"QFI\xfb") and len(head) >= _QCOW.size:
        return _name(image, *_QCOW.unpack_from(head))
    if head.startswith(b"QED\0") and len(head) >= _QED.size:
        features, at, length = _QED.unpack_from(head)
        return _name(image, at, length) if features & _QED_BACKED else []
    if head.startswith((b"KDMV", b"# Disk Desc")):
        text = head + image.read(_DESCRIPTOR)
        # A KDMV is its own extent, by the name that it once had.
        extents = [] if head.startswith(b"KDMV") else _EXTENT.findall(text)
        return [*_PARENT.findall(text), *extents]
    return []


def _name(image: BinaryIO, at: int, length: int) -> list[bytes]:
    if not at or at > _FIRST_CLUSTER or length > _LONGEST:
        return []
    image.seek(at)
    return [image.read(length)]


def backing_path(file: Path, name: str) -> Path | None:
    """Return the path of what an image calls its backing file; None if it calls none.

    A name may be relative to the image, "file:PATH", or "json:" and QEMU's options for the file.
    """
    if name.startswith("json:"):
        try:
            name = _file_name(msgspec.json.decode(name.removeprefix("json:")))
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return None
    name = name.removeprefix("file:")
    return Path(os.path.normpath(file.parent / name)) if name and "\0" not in name else None


def _file_name(options: object) -> str:
    """Options are nested, or flat with dotted names: {"file.filename": …}."""
    if not isinstance(options, dict):
        return ""
    for name, value in options.items():
        if name.rpartition(".")[2] == "filename" and isinstance(value, str):
            return value
        if name.rpartition(".")[2] == "file" and (found := _file_name(value)):
            return found
    return ""
