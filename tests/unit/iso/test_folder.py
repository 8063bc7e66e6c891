"""Directories while they change."""

import pytest

from builder.iso import iso9660, names
from builder.iso.folder import Folder
from builder.iso.iso9660 import PARENT, SELF, Record

_DATE = b"7654321"


def _record(name: bytes, *, folder: bool = False, use: bytes = b"") -> Record:
    return iso9660.record(names.record(name, folder=folder, date=_DATE, system_use=use))


def _folder(*identifiers: bytes, use: bytes = b"") -> Folder:
    made = Folder((_record(SELF, folder=True), _record(PARENT, folder=True)), None, SELF)
    for each in identifiers:
        made.add(_record(each, use=use), each.decode())
    return made


def _identifiers(folder: Folder) -> list[bytes]:
    return [each.identifier for each in folder.records()]


@pytest.mark.parametrize(
    ("there", "order"),
    [
        # By bytes a dot comes before a digit, by ECMA-119 the shorter name does as well.
        ((b"A.A;1", b"A1.A;1"), [b"A.A;1", b"A1.A;1", b"KS.CFG;1"]),
        ((b"A;1", b"A.B;1"), [b"A;1", b"A.B;1", b"KS.CFG;1"]),
        ((b"A.B;1", b"A;1"), [b"A.B;1", b"A;1", b"KS.CFG;1"]),
        ((b"Z;1", b"A;1"), [b"Z;1", b"A;1", b"KS.CFG;1"]),  # in no order we know: as it was
        ((), [b"KS.CFG;1"]),
    ],
)
def test_new_records_join_the_order_of_the_directory(
    there: tuple[bytes, ...], order: list[bytes]
) -> None:
    folder = _folder(*there)
    folder.insert(_record(b"KS.CFG;1"), "ks.cfg")
    assert _identifiers(folder) == [SELF, PARENT, *order]
    assert folder.changed


def test_no_record_crosses_a_sector() -> None:
    folder = _folder(*(b"NAME%03d.;1" % number for number in range(100)), use=b"x" * 80)
    content = folder.packed()
    found = iso9660._parse(content)  # noqa: SLF001
    assert [each.identifier for each in found.records] == _identifiers(folder)
    assert found.ordered
    assert len(content) > 4 * 2048


def test_a_record_points_elsewhere() -> None:
    folder = _folder(b"A;1", b"B;1")
    folder.point(b"B;1", extent=7, length=8)
    folder.point(SELF, extent=9, length=2048)
    assert [(each.extent, each.length) for each in folder.records()] == [
        (9, 2048), (0, 0), (0, 0), (7, 8),
    ]  # fmt: skip
    assert (folder.extent, folder.length) == (9, 2048)


def test_files_of_several_records_stay_together() -> None:
    folder = _folder(b"B;1", b"B;1", b"C;1")
    folder.insert(_record(b"A;1"), "A;1")
    assert _identifiers(folder)[2:] == [b"A;1", b"B;1", b"B;1", b"C;1"]
    assert folder.find("B;1") is folder.runs[b"B;1"][0]
