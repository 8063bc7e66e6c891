"""What is wrong with a tree: numbers that readers take from either half, and places that differ."""

import struct

import pytest
from msgspec.structs import replace

from builder.errors import MediaError
from builder.iso import agreement, names, path_table, tree, tree_check
from builder.iso.iso9660 import PARENT, SELF, both_endian
from builder.iso.patch import Draft
from builder.iso.path_table import PathRecord
from builder.iso.source import SECTOR, Memory, Metered
from builder.iso.tree import Tree

_PVD, _LITTLE, _BIG, _ROOT, _FOLDER, _FILE, _TOTAL = 16, 18, 19, 20, 21, 22, 24
_DATE = bytes(7)


def _record(identifier: bytes, extent: int, length: int = SECTOR, *, folder: bool = True) -> bytes:
    raw = names.record(identifier, folder=folder, date=_DATE)
    return names.placed(raw, extent=extent, length=length)


def _twice(number: int) -> bytes:
    return struct.pack("<H", number) + struct.pack(">H", number)


def _descriptor(root: bytes, size: int) -> bytes:
    content = bytearray(b"\1CD001\1".ljust(SECTOR, b"\0"))
    pieces = {
        8: b" " * 64,
        80: both_endian(_TOTAL),
        120: _twice(1) * 2 + _twice(SECTOR),
        132: both_endian(size),
        140: struct.pack("<II", _LITTLE, 0) + struct.pack(">II", _BIG, 0),
        156: root,
        881: b"\1",
    }
    for at, piece in pieces.items():
        content[at : at + len(piece)] = piece
    return bytes(content)


def _image() -> Memory:
    entries = (PathRecord(SELF, _ROOT, _ROOT), PathRecord(b"FOLDER", _FOLDER, _ROOT))
    tables = [path_table.encode(entries, big=big) for big in (False, True)]
    root = _record(SELF, _ROOT)
    file = _record(b"FILE.;1", _FILE, 3000, folder=False)
    sectors = {
        _PVD: _descriptor(root, len(tables[0])),
        17: b"\xffCD001\1",
        _LITTLE: tables[0],
        _BIG: tables[1],
        _ROOT: root + _record(PARENT, _ROOT) + file + _record(b"FOLDER", _FOLDER),
        _FOLDER: _record(SELF, _FOLDER) + _record(PARENT, _ROOT),
    }
    content = bytearray(_TOTAL * SECTOR)
    for sector, piece in sectors.items():
        content[sector * SECTOR : sector * SECTOR + len(piece)] = piece
    return Memory(bytes(content))


def _found(*patches: tuple[int, bytes]) -> str:
    draft = Draft(_image())
    for at, content in patches:
        draft.write(at, content)
    (where,) = tree.trees(draft)
    return " ".join(tree_check.problems(draft, where))


_AT = _PVD * SECTOR
_SELF, _PARENT = _ROOT * SECTOR, _ROOT * SECTOR + 34
_FILE_AT, _FOLDER_AT = _PARENT + 34, _PARENT + 34 + 40
_INSIDE = _FOLDER * SECTOR


def test_it_is_right() -> None:
    assert _found() == ""


@pytest.mark.parametrize(
    ("at", "content", "problem"),
    [
        (_AT + 80, both_endian(_TOTAL + 1), "the volume is larger than the image"),
        (_AT + 80, both_endian(_TOTAL - 1), "names contents behind the end of the volume"),
        (_AT + 84, b"\1", "halves of a number in the volume descriptor differ"),
        (_AT + 122, b"\1", "halves of a number in the volume descriptor differ"),
        (_AT + 136, b"\1", "halves of a number in the volume descriptor differ"),
        (_AT + 162, b"\1", "halves of a number in the volume descriptor differ"),
        (_AT + 156, b"\x23", "no record of the root directory"),
        (_AT + 6, b"\2", "of an unknown version"),
        (_AT + 881, b"\2", "of an unknown version"),
        (_AT + 72, b"x", "something where nothing may be"),
        (_AT + 2047, b"x", "something where nothing may be"),
        (_SELF + 2, both_endian(_FOLDER), "does not know where it or its parent is"),
        (_PARENT + 2, both_endian(_FOLDER), "does not know where it or its parent is"),
        (_INSIDE + 34 + 2, both_endian(_FILE), "does not know where it or its parent is"),
        (_INSIDE + 25, b"\0", "is none by its own word"),
        (_INSIDE + 34 + 25, b"\0", "is none by its own word"),
        (_INSIDE + 10, both_endian(2 * SECTOR), "has another length than its parent says"),
        (_FILE_AT + 6, b"\1", "the two halves of a number differ"),
        (_FILE_AT + 14, b"\1", "the two halves of a number differ"),
        (_FILE_AT + 30, b"\1", "the two halves of a number differ"),
        (_FILE_AT + 25, b"\4", "neither a file nor a directory"),
        (_FILE_AT + 25, b"\x80", "goes on in one that is not there"),
        (_FILE_AT + 2, both_endian(_TOTAL - 1), "names contents behind the end of the volume"),
        (_FILE_AT + 33, b"ZILE", "the entries are not sorted"),
        (_LITTLE * SECTOR + 2, b"\x15", "a path table does not agree with the directories"),
        (_BIG * SECTOR + 2 + 3, b"\x15", "a path table does not agree with the directories"),
        (_BIG * SECTOR + 10 + 8, b"F0", "a path table does not agree with the directories"),
    ],
)
def test_what_readers_see_in_different_ways(at: int, content: bytes, problem: str) -> None:
    assert problem in _found((at, content))


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (_FILE_AT + 18, b"\x7e\1\2\3\4\5\6"),  # a date
        (_FILE_AT + 25, b"\1"),  # hidden
        (_AT + 40, b"LABEL"),
        (_INSIDE + 34 + 2, both_endian(_FOLDER)),  # its own parent: nobody looks
        (_AT + 883, b"anything"),
        (_FILE * SECTOR, b"content"),
    ],
)
def test_what_may_be_anything(at: int, content: bytes) -> None:
    assert _found((at, content)) == ""


@pytest.mark.parametrize("at", [157, 182, 183])
def test_the_root_has_no_attributes_before_it(at: int) -> None:
    draft = Draft(_image())
    draft.write(_AT + at, b"\1")
    with pytest.raises(MediaError, match="its root directory is none"):
        tree.trees(draft)


@pytest.mark.parametrize(
    ("rest", "right"), [(b"", True), (b" " * 29, True), (b"\2", False), (b"\0" * 28 + b"x", False)]
)
def test_joliet_is_announced_by_three_bytes(rest: bytes, *, right: bool) -> None:
    descriptor = bytearray(_image().read(_AT, SECTOR))
    descriptor[88 : 91 + len(rest)] = b"%/E" + rest
    draft = Draft(_image())
    draft.write(_AT, bytes(descriptor))
    (where,) = tree.trees(draft)
    called = Tree(descriptor=replace(where.descriptor, joliet=True), skip=None)
    found = [each for each in tree_check.problems(draft, called) if "announces" in each]
    assert (not found) is right


def test_more_trees_than_anybody_makes_are_not_read() -> None:
    draft = Draft(_image())
    descriptor = draft.read(_AT, SECTOR)
    for sector in range(_AT, _AT + 9 * SECTOR, SECTOR):
        draft.write(sector, descriptor)
    draft.write(_AT + 9 * SECTOR, b"\xffCD001\1")
    with pytest.raises(MediaError, match="9 trees of directories"):
        tree.trees(draft)


def test_names_that_lead_on_and_on_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.iso.source._READS", 4)
    (where,) = tree.trees(_image())
    finder = tree.Finder(_image(), where)
    for _ in range(9):
        assert finder.find("folder") is not None
    metered = Metered(_image())
    for _ in range(4):
        metered.read(0, 1)
    with pytest.raises(MediaError, match="in too many places"):
        metered.read(0, 1)


def test_of_directories_that_are_known_the_records_are_not_read_again() -> None:
    draft = Draft(_image())
    draft.write(_FILE_AT + 6, b"\1")
    (where,) = tree.trees(draft)
    known = {each.extent: each.listing for each in tree.walk(draft, where)}
    assert list(tree_check.problems(draft, where, known)) == []
    assert len(list(tree_check.problems(draft, where))) == 1


_SESSION = 22


@pytest.mark.parametrize(("changed", "found"), [(b"", (_SESSION,)), (b"\x15", ())])
def test_a_session_of_the_same_root_has_its_own_descriptor(
    changed: bytes, found: tuple[int, ...]
) -> None:
    draft = Draft(_image())
    copy = bytearray(draft.read(_AT, SECTOR))
    copy[158 : 158 + len(changed)] = changed
    copy[80:88] = both_endian(5)
    draft.write(_SESSION * SECTOR, bytes(copy))
    (where,) = tree.trees(draft)
    assert where.descriptor.copies == found
    assert where.descriptor.sectors == (_PVD, *found)


@pytest.mark.parametrize(
    ("label", "spaces", "right"),
    [
        ("", (_TOTAL, _TOTAL), True),
        ("", (_TOTAL,), True),  # the primary descriptor has what is appended as well
        ("", (_TOTAL, _TOTAL - 1), False),
        ("OTHER", (_TOTAL, _TOTAL - 1), True),  # a volume of its own in a partition
    ],
)
def test_views_of_a_volume_end_together(
    label: str, spaces: tuple[int, ...], *, right: bool
) -> None:
    (where,) = tree.trees(_image())
    views = [
        replace(where.descriptor, space=space - base, base=base, volume_id=label if base else "")
        for space, base in zip(spaces, (0, 16), strict=False)
    ]
    found = [replace(where.descriptor, space=_TOTAL + 9), *views]
    trees = tuple(Tree(descriptor=each, skip=None) for each in found)
    assert agreement._end_apart(trees) is not right  # noqa: SLF001
