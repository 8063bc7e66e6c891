"""Which files QEMU's images need beside themselves, read from their headers.

Not asked of qemu-img: it opens what a VMDK calls its extents, and waits for ever where that is a
pipe; and for thousands of images it would be started thousands of times. A header that is damaged
names nothing, and no guest could be started on it. docs/interop/qcow2.txt of QEMU describes qcow2.
"""

import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from builder.paths.reading import open_plain, pinned

_QCOW = struct.Struct(">4xIQI")  # of all versions: the version, where the name is, how long
_FEATURED = 3
_FEATURES = struct.Struct(">72xQ20xI")  # from that version on: they, and how long the header is
_ELSEWHERE = 1 << 2  # what the guest sees is in a data file
_DATA_FILE = 0x44415441
_EXTENSION = struct.Struct(">II")
_QED = struct.Struct("<16xQ32xII")  # features, and the same
_QED_BACKED = 1
_LONGEST = 1023
_FIRST_CLUSTER = 2 << 20
"""The largest that there is; names are in it."""

_DESCRIPTOR = 32 << 10
"""More than QEMU itself reads of a VMDK's, which begins with the file or a sector later."""
_PARENT = re.compile(rb'parentFileNameHint\s*=\s*"([^"]+)"')  # wherever it stands
_EXTENT = re.compile(rb'^\s*(?:RW|RDONLY|NOACCESS)\s+\d+\s+\w+\s+"([^"\n]+)"', re.MULTILINE)


_COW, _COW_NAME = b"OOOM\0\0\0\2", 1024
_LONGEST_OPTIONS = 4096
_STRING = re.compile(r"(['\"])((?:(?!\1|\\).|\\.)*)\1(\s*:)?", re.DOTALL)
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_AS_JSON = {"\\'": "'", '"': '\\"'}
_PROTOCOL = re.compile(r"([^/:]*):(.*)", re.DOTALL)
_LOCAL = ("file", "host_device", "host_cdrom")
_REMOTE = ("nbd", "http", "https", "ftp", "ftps", "ssh", "iscsi", "rbd", "gluster", "nfs")
"""Protocols to other machines, or to a server's socket."""
_NO_IMAGE = ("nvme", "fat", "null-co", "null-aio", "throttle")
"""Protocols that end in no image: a PCI device, a folder, nothing; throttle: takes no name."""
_TESTS = ("blkdebug", "blkverify")
"""Filters: a file's path, a colon, and an image by any name, as QEMU's docs/devel say."""


class UnclearError(ValueError):
    """An image names what we do not understand; the message is that name."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an image names."""

    path: Path
    data: bool = False
    """Whether it holds what the guest writes: then it is no image, whatever it looks like."""


def needs(file: Path) -> tuple[Need, ...]:
    """Return the files that an image names: backing and data file, and the extents of a VMDK.

    What is no image names none. Raises OSError for what is not there or cannot be read, and
    UnclearError for a name that we do not understand.
    """
    with pinned(file) as (pin, about):
        if stat.S_ISBLK(about.st_mode):
            # Not to wait for a medium, nor to close a drive.
            opened: BinaryIO = os.fdopen(os.open(pin, os.O_RDONLY | os.O_NONBLOCK), "rb")
        elif stat.S_ISREG(about.st_mode):
            opened = open_plain(Path(pin))
        else:
            return ()
    with opened:
        backed, data = _names(opened)
    named = [(name, False) for name in backed] + [(name, True) for name in data]
    found = ((path, data) for name, data in named for path in _paths(file, os.fsdecode(name)))
    return tuple(dict.fromkeys(Need(path=path, data=data) for path, data in found))


def parts(file: Path) -> str:
    """Return why a file is no qcow2 that stands alone, by a header all of which we know; "" if not.

    A name counts also if nobody understands it. Raises OSError for what cannot be read.
    """
    with open_plain(file) as image:
        head = image.read(_FEATURES.size)
        image.seek(0)
        backed, data = _names(image)
    if not head.startswith(b"QFI\xfb") or len(head) < _FEATURES.size:
        return "it is no qcow2"
    version, at, _length = _QCOW.unpack_from(head)
    features, _size = _FEATURES.unpack(head)
    if version not in (2, _FEATURED):
        return f"it is a qcow2 of the unknown version {version}"
    if at or (version == _FEATURED and features & _ELSEWHERE):
        named = [os.fsdecode(each[:_LONGEST]) for each in (*backed, *data) if each]
        return f"it needs {named[0] if named else 'another file'}"
    return ""


def _names(image: BinaryIO) -> tuple[list[bytes], list[bytes]]:
    """Return the names of images, and those of data."""
    head = image.read(_FEATURES.size)
    if head.startswith(b"QFI\xfb") and len(head) >= _QCOW.size:
        version, at, length = _QCOW.unpack_from(head)
        return _name(image, at, length), _data_file(image, head) if version >= _FEATURED else []
    if head.startswith(b"QED\0") and len(head) >= _QED.size:
        features, at, length = _QED.unpack_from(head)
        return _name(image, at, length) if features & _QED_BACKED else [], []
    if head.startswith(_COW):  # no QEMU of today opens it, but libvirt looks for what it names
        name = (head + image.read(_COW_NAME))[len(_COW) :][:_COW_NAME].partition(b"\0")[0]
        return [name] if name else [], []
    if head.startswith((b"KDMV", b"# Disk Desc")):
        text = head + image.read(_DESCRIPTOR)
        # A KDMV is its own extent, by the name that it once had.
        extents = [] if head.startswith(b"KDMV") else _EXTENT.findall(text)
        return _PARENT.findall(text), extents
    return [], []


def _name(image: BinaryIO, at: int, length: int) -> list[bytes]:
    if not at or at > _FIRST_CLUSTER or length > _LONGEST:
        return []
    image.seek(at)
    return [image.read(length)]


def _data_file(image: BinaryIO, head: bytes) -> list[bytes]:
    """Return the name in a qcow2's header extensions, of which the last one counts."""
    features, at = _FEATURES.unpack(head) if len(head) == _FEATURES.size else (0, 0)
    if not features & _ELSEWHERE:
        return []
    image.seek(0)
    cluster = image.read(_FIRST_CLUSTER)
    return [content for kind, content in _extensions(cluster, at) if kind == _DATA_FILE][-1:]


def _extensions(cluster: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + _EXTENSION.size <= len(cluster):
        kind, length = _EXTENSION.unpack_from(cluster, at)
        at += _EXTENSION.size
        if not kind:
            return
        yield kind, cluster[at : at + length]
        at += -(-length // 8) * 8


def _paths(file: Path, name: str) -> Iterator[Path]:
    """Yield the files that may be meant by what an image calls its backing or data file.

    A name may be relative to the image, "file:PATH", or "json:" and QEMU's options. Raises
    UnclearError for a protocol that may lead to a file, nobody knows to which.
    """
    name = name.partition("\0")[0]  # as C reads it
    if len(name) > _LONGEST_OPTIONS:
        raise UnclearError(name)
    told = _PROTOCOL.fullmatch(name)
    protocol, rest = told.groups() if told else ("file", name)
    if protocol == "json":
        # Drivers have many words for a file below: backing, children, image, raw, test, …
        yield from filter(None, (_path(file, each) for each in _strings(rest)))
    elif protocol in _LOCAL:
        yield from filter(None, [_path(file, rest)])
    elif protocol in _TESTS:
        first, _, image = rest.partition(":")
        yield from filter(None, [_path(file, first)])
        yield from _paths(file, image)
    elif protocol.partition("+")[0] not in (*_REMOTE, *_NO_IMAGE):
        raise UnclearError(name)


def _path(file: Path, name: str) -> Path | None:
    name = name.removeprefix("file:")
    if not name or "\0" in name:
        return None
    # What is above a linked folder, the system knows, not the text. The last part stays as it is:
    # when that is a link, the names in the image are seen from where the link is.
    found = file.parent / name
    return Path(os.path.realpath(found.parent)) / found.name


def _strings(options: str) -> Iterator[str]:
    """Yield all values of a JSON text that are strings, which QEMU takes in single quotes as well.

    Of what is no JSON, which no QEMU would open, there may come anything.
    """
    for _mark, text, colon in _STRING.findall(options):
        inner = _QUOTE.sub(lambda found: _AS_JSON.get(found[0], found[0]), text)
        with suppress(ValueError):  # of msgspec, and of what is no UTF-8
            yield "" if colon else msgspec.json.decode(f'"{inner}"', type=str)
