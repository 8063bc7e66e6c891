"""Rock Ridge: POSIX names and modes in the system use fields of directory records.

System Use Sharing Protocol 1.12 and Rock Ridge Interchange Protocol 1.12.
"""

import stat
import struct
from collections.abc import Iterator

from builder.errors import MediaError
from builder.iso.iso9660 import Record, both_endian
from builder.iso.source import SECTOR, Source, damaged

FILE_MODE = 0o100444
FOLDER_MODE = 0o040555
LONGEST_NAME = 120
"""Bytes of a name that fit into a new record beside the rest; longer ones would need an area of
their own."""

_MAX_AREAS = 16
_MAX_ENTRIES = 256


def skipped(root_self: Record) -> int | None:
    """Return how many bytes precede Rock Ridge in each record; None where there is no Rock Ridge.

    `root_self` is the first record of the root directory: its SP entry says so.
    """
    field = root_self.system_use
    # CD-ROM XA puts 14 bytes of its own before it.
    for start in (0, 14):
        entry = field[start : start + 7]
        if len(entry) == 7 and entry[:2] == b"SP" and entry[4:6] == b"\xbe\xef":  # noqa: PLR2004
            return entry[6]
    return None


def name(source: Source, base: int, record: Record, skip: int) -> str:
    """Return a record's POSIX name; empty when it has none."""
    parts = [
        payload[1:]
        for kind, payload in entries(source, base, record, skip)
        if kind == b"NM" and payload and not payload[0] & 6  # the names of "." and ".."
    ]
    return b"".join(parts).decode("utf-8", "surrogateescape")


def child_link(source: Source, base: int, record: Record, skip: int) -> int | None:
    """Return the sector of the directory that this file stands for: one nested too deep."""
    for kind, payload in entries(source, base, record, skip):
        if kind == b"CL" and len(payload) >= 4:  # noqa: PLR2004  # a number
            return int(struct.unpack_from("<I", payload)[0])
    return None


def entries(source: Source, base: int, record: Record, skip: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the signature and payload of each entry, those of continuation areas as well.

    Raises MediaError when the areas do not end.
    """
    field = record.system_use[skip:]
    for _ in range(_MAX_AREAS):
        following = None
        for kind, payload in _split(field):
            if kind == b"CE" and len(payload) >= 24:  # noqa: PLR2004  # three numbers
                following = struct.unpack("<I4xI4xI4x", payload[:24])
            else:
                yield kind, payload
        if following is None:
            return
        block, offset, length = following
        field = source.read((base + block) * SECTOR + offset, min(length, SECTOR))
    raise damaged(source, "its Rock Ridge areas do not end")


def continuation(record: Record, skip: int) -> tuple[int, int, int, int] | None:
    """Return the byte of a record at which its CE entry stands, then block, offset and length."""
    for at, kind, payload in _placed(record, skip):
        if kind == b"CE" and len(payload) >= 24:  # noqa: PLR2004  # three numbers
            block, offset, length = struct.unpack("<I4xI4xI4x", payload[:24])
            return at, block, offset, length
    return None


def links(record: Record, skip: int) -> Iterator[tuple[int, int]]:
    """Yield the directories that a record links to, each with the byte at which that stands."""
    for at, kind, payload in _placed(record, skip):
        if kind in {b"CL", b"PL"} and len(payload) >= 8:  # noqa: PLR2004  # a number
            yield at + 4, struct.unpack_from("<I", payload)[0]


def is_link(record: Record, skip: int) -> bool:
    """Tell whether a record is a symbolic link."""
    return any(kind == b"SL" for _, kind, _ in _placed(record, skip))


def with_mode(record: Record, skip: int, mode: int) -> bytes:
    """Return a record's bytes with another mode; one kept in an area of its own stays."""
    raw = record.raw
    for at, kind, _ in _placed(record, skip):
        if kind == b"PX":
            raw = raw[: at + 4] + both_endian(mode) + raw[at + 12 :]
    return raw


def _placed(record: Record, skip: int) -> Iterator[tuple[int, bytes, bytes]]:
    at = len(record.raw) - len(record.system_use) + skip
    for kind, payload in _split(record.system_use[skip:]):
        yield at, kind, payload
        at += len(payload) + 4


def _split(field: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 4 <= len(field):
        size = field[at + 2]
        if size < 4 or field[at : at + 2] == b"ST":  # noqa: PLR2004  # its own head
            return
        yield field[at : at + 2], field[at + 4 : at + size]
        at += size


def system_use(text: str, *, mode: int, date: bytes, like: bytes) -> bytes:
    """Return the system use field of a new record.

    `date` in the seven bytes of directory records; `like` is the field of a record beside it,
    whose version of Rock Ridge and whose skipped bytes are followed. Raises MediaError.
    """
    encoded = text.encode("utf-8", "surrogateescape")
    if len(encoded) > LONGEST_NAME:
        raise MediaError(
            f"The name {text} is too long to be added to an ISO.",
            hint=f"Give it one of at most {LONGEST_NAME} bytes.",
        )
    known = dict(_split(like))
    links = 2 if stat.S_ISDIR(mode) else 1
    numbers = [mode, links, 0, 0]
    if len(known.get(b"PX", b"")) >= 40:  # noqa: PLR2004  # 1.12 added a serial number
        numbers.append(0)
    parts = [_entry(b"PX", b"".join(map(both_endian, numbers)))]
    if b"RR" in known:  # 1.09 announces what is there: PX, TF and, for names, NM
        parts.insert(0, _entry(b"RR", bytes([0x81 | (0x08 if encoded else 0)])))
    parts.append(_entry(b"TF", b"\x0e" + date * 3))
    if encoded:
        parts.append(_entry(b"NM", b"\x00" + encoded))
    return b"".join(parts)


def _entry(kind: bytes, payload: bytes) -> bytes:
    return kind + bytes([len(payload) + 4, 1]) + payload
