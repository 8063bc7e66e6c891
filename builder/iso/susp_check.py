"""What is wrong with the Rock Ridge fields of directory records.

SUSP 1.12 and RRIP 1.12. Linux stops at what does not fit into a sector, others at what is not
inside the volume; without an ER entry Linux takes Joliet's names instead.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterator

from builder.iso.iso9660 import DIRECTORY, PARENT, SELF, Record
from builder.iso.source import SECTOR, Source

_MAX_AREAS = 16
_HEAD = 4  # bytes of an entry before its payload
_KNOWN = {b"RRIP_1991A", b"IEEE_P1282", b"IEEE_1282"}
_LONGEST_NAME = 255
_ENDLESS = "its name does not end"
_IS_FOLDER = 0o040000
_FORMATS = {0o040000, 0o100000, 0o120000, 0o020000, 0o060000, 0o010000, 0o140000}
_NUMBERS = {b"CE": (3,), b"CL": (1,), b"PL": (1,), b"PX": (4, 5), b"PN": (2,), b"RE": (0,)}
"""Signatures of entries that have both-endian numbers alone, and how many."""
_VERSIONED = {*_NUMBERS, b"SP", b"ER", b"ES", b"RR", b"NM", b"TF", b"SL"}


def problem(
    source: Source, base: int, space: int, record: Record, skip: int, *, root: bool = False
) -> str:
    """Return what is wrong with the fields of one record; "" for nothing.

    `base` and `space` are the first sector and the number of sectors of the volume.
    """
    found = Counter[bytes]()
    name, ends, field = b"", True, record.system_use[skip:]
    for _ in range(_MAX_AREAS):
        following = b""
        for kind, payload in _split(field):
            wrong = _wrong(kind, payload, record)
            if wrong:
                return wrong
            found[kind] += kind != b"ER" or payload[4 : 4 + payload[0]] in _KNOWN
            if kind == b"CE":
                following = payload
            elif kind == b"NM":
                name += payload[1:]
                ends = not payload[0] & 1
        if not following:
            return _missing(found, name, record, root=root) or ("" if ends else _ENDLESS)
        block, offset, length = struct.unpack("<I4xI4xI4x", following)
        if not (length and offset + length <= SECTOR and 0 < block < space):
            return "an area goes on where none is"
        field = source.read((base + block) * SECTOR + offset, length)
    return "its areas do not end"


def _split(field: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a field; b"" as the kind of one that ends all."""
    at = 0
    while len(field) - at >= _HEAD and field[at] and field[at : at + 2] != b"ST":
        kind, size = field[at : at + 2], field[at + 2]
        # Nobody minds the version of what nobody knows, such as Apple's AA.
        if size < _HEAD or at + size > len(field) or (kind in _VERSIONED and field[at + 3] != 1):
            yield b"", b""
            return
        yield kind, field[at + _HEAD : at + size]
        at += size


def _missing(found: Counter[bytes], name: bytes, record: Record, *, root: bool) -> str:
    if found[b"PX"] != 1:
        return "it has no mode"
    special = record.identifier in {SELF, PARENT}
    if not special and not 0 < len(name) <= _LONGEST_NAME:
        return f"its name has {len(name)} bytes"
    if b"/" in name or b"\0" in name:
        return "its name makes no sense"
    if root and not found[b"ER"]:
        return "Rock Ridge is not announced"
    return ""


def _wrong(kind: bytes, payload: bytes, record: Record) -> str:
    """Return what is wrong with one entry."""
    if kind in _NUMBERS:
        return _numbers(kind, payload, record)
    check = _CHECKS.get(kind)
    return check(payload) if check else ""


def _numbers(kind: bytes, payload: bytes, record: Record) -> str:
    count, odd = divmod(len(payload), 8)
    if odd or count not in _NUMBERS[kind]:
        return "an entry has not the length of its kind"
    for at in range(0, len(payload), 8):
        if payload[at : at + 4] != payload[at + 4 : at + 8][::-1]:
            return "the two halves of a number differ"
    # genisoimage gives the ".." of what it moved up, for it was nested too deep, no mode.
    if kind == b"PX":
        mode = struct.unpack_from("<I", payload)[0] & 0o170000
        folder = bool(record.flags & DIRECTORY)
        if record.identifier == PARENT and not mode:
            return ""
        if mode not in _FORMATS or (folder and mode != _IS_FOLDER):
            return "its mode makes no sense"
    return ""


def _times(payload: bytes) -> str:
    flags = payload[0] if payload else 0
    wanted = 1 + (17 if flags & 0x80 else 7) * (flags & 0x7F).bit_count()
    return "" if payload and len(payload) == wanted else "its times do not fit"


def _name(payload: bytes) -> str:
    return "" if payload and not payload[0] & 0xF8 else "its name does not fit"


def _announced(payload: bytes) -> str:
    fits = len(payload) > _HEAD and _HEAD + sum(payload[:3]) == len(payload)
    return "" if fits else "what it announces does not fit"


def _link(payload: bytes) -> str:
    at = 1
    while at < len(payload):
        if at + 2 > len(payload) or at + 2 + payload[at + 1] > len(payload):
            return "its link does not fit"
        at += 2 + payload[at + 1]
    return "" if payload else "its link does not fit"


_CHECKS: dict[bytes, Callable[[bytes], str]] = {
    b"": lambda _: "an entry does not fit",
    b"TF": _times,
    b"NM": _name,
    b"ER": _announced,
    b"SL": _link,
}
