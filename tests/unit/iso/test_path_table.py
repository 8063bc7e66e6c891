"""Path tables."""

import struct

import pytest

from builder.errors import MediaError
from builder.iso import iso9660, path_table
from builder.iso.descriptors import Descriptor
from builder.iso.iso9660 import Record
from builder.iso.path_table import PathRecord
from builder.iso.source import Memory

_ROOT = PathRecord(b"\0", 20, 20)
_ENTRIES = (_ROOT, PathRecord(b"A", 30, 20), PathRecord(b"B", 25, 20), PathRecord(b"C", 40, 30))


def _read(table: bytes, *, big: bool = False) -> tuple[PathRecord, ...]:
    root = Record(0, 20, 2048, 2, b"\0", b"")
    where = Descriptor(
        base=0, sector=16, joliet=False, volume_id="", space=9, path_table_size=len(table),
        path_tables=(1, 1), root=root,
    )  # fmt: skip
    return path_table.read(Memory(bytes(2048) + table), where, big=big)


@pytest.mark.parametrize("big", [False, True])
def test_what_is_encoded_is_read(*, big: bool) -> None:
    table = path_table.encode(_ENTRIES, big=big)
    assert _read(table, big=big) == _ENTRIES
    number = ">IH" if big else "<IH"
    assert struct.unpack_from(number, table, 2) == (20, 1)


def test_order_is_by_depth_then_parent_then_name() -> None:
    shuffled = (_ROOT, PathRecord(b"C", 40, 30), PathRecord(b"A", 50, 25), *_ENTRIES[2:0:-1])
    found = [
        (each.identifier, each.parent) for each in _read(path_table.encode(shuffled, big=False))
    ]
    assert found == [(b"\0", 20), (b"A", 20), (b"B", 20), (b"C", 30), (b"A", 25)]


def test_directories_that_moved_and_new_ones() -> None:
    entries = path_table.changed(_ENTRIES, {20: 90, 30: 91}, [PathRecord(b"D", 92, 91)])
    assert entries == (
        PathRecord(b"\0", 90, 90),
        PathRecord(b"A", 91, 90),
        PathRecord(b"B", 25, 90),
        PathRecord(b"C", 40, 91),
        PathRecord(b"D", 92, 91),
    )
    assert _read(path_table.encode(entries, big=False)) == entries


def test_orphans_are_refused() -> None:
    with pytest.raises(ValueError, match="not below the root"):
        path_table.encode((*_ENTRIES, PathRecord(b"X", 50, 51)), big=False)


@pytest.mark.parametrize(
    "table",
    [
        b"\0" * 10,
        path_table.encode(_ENTRIES, big=False)[:-2],
        path_table.encode(_ENTRIES, big=True),
        b"\xff\0" + struct.pack("<IH", 1, 1) + b"x",
    ],
)
def test_nonsense_is_refused(table: bytes) -> None:
    with pytest.raises(MediaError, match="its path table"):
        _read(table)


def test_large_tables_are_refused() -> None:
    entries = path_table.encode(_ENTRIES[:1], big=False)
    with pytest.raises(MediaError, match="its path table has 16777220 bytes"):
        _read(entries * (iso9660.LARGEST // len(entries) + 1))


def test_order_of_names() -> None:
    assert iso9660.ecma_order(b"A.B;1") < iso9660.ecma_order(b"A1.A;1")
