"""What is wrong with the Rock Ridge fields of directory records.

SUSP 1.12 and RRIP 1.12. Linux stops at what does not fit into a sector, others at what is not
inside the volume; without an ER entry Linux takes Joliet's names instead.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterator

from builder.iso.iso9660 import PARENT, SELF, Record
from builder.iso.source import SECTOR, Source

_MAX_AREAS = 16
_HEAD = 4  # bytes of an entry before its payload
_KNOWN = {b"RRIP_1991A", b"IEEE_P1282", b"IEEE_1282"}
_LONGEST_NAME = 255
_ENDLESS = "its name does not end"
_DOTS = 6  # flags: the name is "." or "..", whatever text follows
_NO_NAME = b"\0"
_GOES_ON = b"SL, and goes on"
_FORMAT = 0o170000
_IS_FOLDER, _IS_FILE, _IS_LINK = 0o040000, 0o100000, 0o120000
_STANDING = {2, 4, 8}  # flags of parts of a link: ".", ".." and the root
_SPECIAL = {0o020000, 0o060000, 0o010000, 0o140000}  # devices, pipes, sockets: without content
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
    name, ends, mode, field = b"", True, 0, record.system_use[skip:]
    for _ in range(_MAX_AREAS):
        following = b""
        for kind, payload in _split(field):
            wrong = _wrong(kind, payload)
            if wrong:
                return wrong
            found[kind] += kind != b"ER" or payload[4 : 4 + payload[0]] in _KNOWN
            found[_GOES_ON] += kind == b"SL" and payload[0] == 1
            if kind == b"CE":
                following = payload
            elif kind == b"NM":
                name += _NO_NAME if payload[0] & _DOTS else payload[1:]
                ends = not payload[0] & 1
            elif kind == b"PX":
                (mode,) = struct.unpack_from("<I", payload)
        if not following:
            wrong = _missing(found, name, record, root=root) or ("" if ends else _ENDLESS)
            return wrong or _mode(mode & _FORMAT, found, record)
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
        # Nobody minds the version of what nobody knows, such as Apple's AA; but libarchive reads
        # on only where two capital letters stand.
        known = kind.isalpha() and kind.isupper() and (field[at + 3] == 1 or kind not in _VERSIONED)
        if size < _HEAD or at + size > len(field) or not known:
            yield b"", b""
            return
        yield kind, field[at + _HEAD : at + size]
        at += size


def _missing(found: Counter[bytes], name: bytes, record: Record, *, root: bool) -> str:
    if found[b"PX"] != 1:
        return "it has no mode"
    if record.identifier not in {SELF, PARENT}:
        if not 0 < len(name) <= _LONGEST_NAME:
            return f"its name has {len(name)} bytes"
        if b"/" in name or _NO_NAME in name or name in {b".", b".."}:
            return "its name makes no sense"
    if root and not found[b"ER"]:
        return "Rock Ridge is not announced"
    return "its link does not end" if found[_GOES_ON] >= found[b"SL"] > 0 else ""


def _mode(mode: int, found: Counter[bytes], record: Record) -> str:
    """Return that a mode is not one of what the record is: Linux goes by the mode alone.

    genisoimage gives the ".." of what it moved up, for it was nested too deep, no mode. What
    stands for such a folder in its place has the folder's own.
    """
    if record.is_directory:
        right = mode == _IS_FOLDER or (record.identifier == PARENT and not mode)
    elif found[b"SL"] or mode == _IS_LINK:
        right = mode == _IS_LINK and found[b"SL"] > 0
    else:
        right = mode == _IS_FILE or (mode in _SPECIAL and not record.length)
        right = right or (mode == _IS_FOLDER and found[b"CL"] > 0)
    return "" if right else "its mode makes no sense"


def _wrong(kind: bytes, payload: bytes) -> str:
    """Return what is wrong with one entry."""
    if kind in _NUMBERS:
        return _numbers(kind, payload)
    check = _CHECKS.get(kind)
    return check(payload) if check else ""


def _numbers(kind: bytes, payload: bytes) -> str:
    count, odd = divmod(len(payload), 8)
    if odd or count not in _NUMBERS[kind]:
        return "an entry has not the length of its kind"
    for at in range(0, len(payload), 8):
        if payload[at : at + 4] != payload[at + 4 : at + 8][::-1]:
            return "the two halves of a number differ"
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
    """Judge the parts of a link, each with a flag: one part goes on only where its entry ends."""
    at, more = 1, bool(payload) and payload[0] == 1
    while at < len(payload):
        flag, size = payload[at], payload[at + 1] if at + 1 < len(payload) else len(payload)
        at += 2 + size
        last = at == len(payload)
        # Linux takes no text where "." and the like stand for it.
        right = flag == 0 or (flag == 1 and more and last) or (flag in _STANDING and not size)
        if at > len(payload) or not right:
            return "its link does not fit"
    return "" if payload and payload[0] <= 1 else "its link does not fit"


_CHECKS: dict[bytes, Callable[[bytes], str]] = {
    b"": lambda _: "an entry does not fit",
    b"TF": _times,
    b"NM": _name,
    b"ER": _announced,
    b"SL": _link,
}
