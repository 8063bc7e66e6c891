"""The entries of a folder in a FAT file system, and what is wrong with them."""

import struct

import msgspec

_ENTRY = 32
_LONG_NAME = 0x0F
_DELETED, _KANJI = 0xE5, 0x05
_VOLUME, _FOLDER = 0x08, 0x10
_FORBIDDEN = frozenset(b'"*+,./:;<=>?[\\]|') | frozenset(range(0x20))
_LOWER_CASE = 0x18  # as Windows NT and mtools keep it
_SELF, _PARENT = b".          ", b"..         "


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder."""

    name: str
    """In its short form: the one that firmware is sure to know."""
    is_folder: bool
    cluster: int
    size: int


def entries(
    content: bytes, cluster: int, parent: int, *, root: bool
) -> tuple[list[Entry], list[str]]:
    """Return what is in a folder but itself and its parent, and what is wrong with it.

    `cluster` is where the folder begins, `parent` the one that it is in; 0 for the root.
    """
    found, wrong, long = [], list[str](), list[bytes]()
    names = set[bytes]()
    for at in range(0, len(content) - _ENTRY + 1, _ENTRY):
        raw = content[at : at + _ENTRY]
        if not raw[0]:
            break
        if raw[0] != _DELETED and raw[11] & 0x3F == _LONG_NAME:
            long.append(raw)
            continue
        if raw[0] != _DELETED and not _belong(long, raw):
            wrong.append("a long name belongs to nothing")
        long = []
        if raw[0] == _DELETED:
            continue
        if raw[11] & _VOLUME and root:
            wrong += _label(raw)
            continue
        if not root and at < 2 * _ENTRY:
            wrong += _place(raw, (_SELF, _PARENT)[at // _ENTRY], (cluster, parent)[at // _ENTRY])
            continue
        wrong += _name(raw, names)
        found.append(_entry(raw))
    if long:
        wrong.append("a long name belongs to nothing")
    return found, wrong


def _place(raw: bytes, name: bytes, cluster: int) -> list[str]:
    """Return why the first or second entry is not the folder itself, or its parent."""
    right = raw[:11] == name and raw[11] & _FOLDER and _entry(raw).cluster == cluster
    right = right and not raw[12]
    return [] if right else [f"the entry {name.decode().strip()} is wrong"]


def _label(raw: bytes) -> list[str]:
    itself = _entry(raw)
    return ["its label makes no sense"] if itself.is_folder or itself.cluster or itself.size else []


def _name(raw: bytes, names: set[bytes]) -> list[str]:
    name = raw[:11]
    plain = bytes([_DELETED]) + name[1:] if name[0] == _KANJI else name
    bad = raw[:1] == b" " or _FORBIDDEN & frozenset(plain) or raw[11] & (_VOLUME | 0xC0)
    bad = bad or raw[12] & ~_LOWER_CASE
    wrong = ["a name makes no sense"] if bad else []
    if name in names:
        wrong.append("two names are the same")
    names.add(name)
    return wrong


def _entry(raw: bytes) -> Entry:
    (high,) = struct.unpack_from("<H", raw, 20)
    low, size = struct.unpack_from("<HI", raw, 26)
    stem, extension = (part.decode("latin-1").rstrip() for part in (raw[:8], raw[8:11]))
    return Entry(
        name=f"{stem}.{extension}" if extension else stem,
        is_folder=bool(raw[11] & _FOLDER),
        cluster=high << 16 | low,
        size=size,
    )


def _belong(long: list[bytes], raw: bytes) -> bool:
    """Tell whether the parts of a long name, last part first, are those of a short one."""
    total = 0
    for each in raw[:11]:
        total = ((total & 1) << 7 | total >> 1) + each & 0xFF
    wanted = list(range(len(long), 0, -1))
    numbers = [each[0] & 0x3F for each in long]
    last = not long or long[0][0] & 0x40
    return bool(last) and numbers == wanted and all(each[13] == total for each in long)
