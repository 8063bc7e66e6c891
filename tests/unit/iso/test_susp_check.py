"""What Linux and libarchive make of Rock Ridge's fields, and what they refuse."""

import struct

import pytest

from builder.iso import iso9660, names, susp_check
from builder.iso.iso9660 import Record, both_endian
from builder.iso.source import SECTOR, Memory

_AREA, _SPACE = 3, 6
_FILE, _FOLDER, _LINK = 0o100644, 0o040755, 0o120777
_DATE = bytes(7)


def _entry(kind: bytes, payload: bytes = b"", *, version: int = 1, size: int = 0) -> bytes:
    return kind + bytes([size or len(payload) + 4, version]) + payload


def _mode(mode: int = _FILE, *, count: int = 4) -> bytes:
    return _entry(b"PX", both_endian(mode) + both_endian(1) * (count - 1))


def _name(text: bytes = b"file", *, flags: int = 0) -> bytes:
    return _entry(b"NM", bytes([flags]) + text)


def _more(block: int = _AREA, offset: int = 0, length: int = 20) -> bytes:
    return _entry(b"CE", b"".join(map(both_endian, (block, offset, length))))


def _announced(identifier: bytes = b"RRIP_1991A", description: bytes = b"?") -> bytes:
    sizes = bytes([len(identifier), len(description), 0, 1])
    return _entry(b"ER", sizes + identifier + description)


_TIMES = _entry(b"TF", b"\x0e" + _DATE * 3)
_LONG = _name(b"n" * 200, flags=1)
_PLAIN = _mode() + _TIMES + _name()


def _record(
    field: bytes, *, identifier: bytes = b"FILE.;1", folder: bool = False, length: int = 0
) -> Record:
    raw = names.record(identifier, folder=folder, date=_DATE, system_use=field)
    return iso9660.record(names.placed(raw, extent=1, length=length))


def _problem(
    field: bytes,
    *,
    identifier: bytes = b"FILE.;1",
    area: bytes = b"",
    skip: int = 0,
    folder: bool = False,
    root: bool = False,
) -> str:
    record = _record(field, identifier=identifier, folder=folder)
    source = Memory(bytes(_AREA * SECTOR) + area.ljust(SECTOR * (_SPACE - _AREA), b"\0"))
    return susp_check.problem(source, 0, _SPACE, record, skip, root=root)


@pytest.mark.parametrize(
    "field",
    [
        _PLAIN,
        _mode(count=5) + _name(),
        _entry(b"RR", b"\x89") + _PLAIN,
        _PLAIN + bytes(3),
        _PLAIN + _entry(b"ST") + b"rest",
        _PLAIN + _entry(b"AA", b"\x02TEXTttxt\0\0", version=2),  # mkisofs -hfs: no entry of SUSP
        _PLAIN + _entry(b"AL", b"\0\1\1x") + _entry(b"ZF", b"pz\4\x0f" + both_endian(9)),
        _mode() + _name(b"fi", flags=1) + _name(b"le"),
        _mode(_LINK) + _name() + _entry(b"SL", b"\0\x08\0\0\1a\2\0\0\2bc"),
        _mode(0o020620) + _name() + _entry(b"PN", both_endian(4) + both_endian(1)),
        _mode() + _name() + _entry(b"TF", b"\x81" + bytes(17)),
        _mode() + _name() + _entry(b"CL", both_endian(5)),
    ],
)
def test_what_tools_write_is_right(field: bytes) -> None:
    assert _problem(field) == ""


def test_bytes_before_it_are_skipped() -> None:
    assert _problem(bytes(14) + _PLAIN, skip=14) == ""


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (_TIMES + _name(), "it has no mode"),
        (_mode() + _PLAIN, "it has no mode"),
        (_mode(), "its name has 0 bytes"),
        (_mode() + _name(b""), "its name has 0 bytes"),
        (_mode() + _name(flags=1), "its name does not end"),
        (_mode() + _name(b"a/b"), "its name makes no sense"),
        (_mode() + _name(b"a\0b"), "its name makes no sense"),
        (_mode() + _name(flags=0x08), "its name does not fit"),
        (_PLAIN + _entry(b"XX", size=3), "an entry does not fit"),
        (_entry(b"R4", b"\x89") + _PLAIN, "an entry does not fit"),  # libarchive stops there
        (_PLAIN + _entry(b"zf"), "an entry does not fit"),
        (_mode() + _name(flags=4), "its name makes no sense"),
        (_mode() + _name(flags=2), "its name makes no sense"),
        (_mode() + _name(b".."), "its name makes no sense"),
        (_mode(_FOLDER) + _name(), "its mode makes no sense"),
        (_mode(0o010644) + _name(), ""),  # a pipe
        (_mode(_LINK) + _name(), "its mode makes no sense"),
        (_PLAIN + _entry(b"SL", b"\0\0\1a"), "its mode makes no sense"),
        (_mode(_LINK) + _name() + _entry(b"SL", b"\0\1\1a\0\1b"), "its link does not fit"),
        (_mode(_LINK) + _name() + _entry(b"SL", b"\0\2\1a"), "its link does not fit"),
        (_mode(_LINK) + _name() + _entry(b"SL", b"\0\x10\0"), "its link does not fit"),
        (_mode(_LINK) + _name() + _entry(b"SL", b"\1\1\1a"), "its link does not end"),
        (
            _mode(_LINK) + _name() + _entry(b"SL", b"\1\1\1a") + _entry(b"SL", b"\0\0\1b"),
            "",
        ),
        (_PLAIN + _entry(b"XX", size=90), "an entry does not fit"),
        (_entry(b"PX", both_endian(_FILE) * 4, version=2) + _name(), "an entry does not fit"),
        (_mode(count=3) + _name(), "an entry has not the length of its kind"),
        (_mode(0o060000 | 0o130000) + _name(), "its mode makes no sense"),
        (_entry(b"PX", bytes(4) + both_endian(_FILE)[4:] + both_endian(1) * 3), "halves"),
        (_mode() + _name() + _entry(b"TF", b"\x0e" + bytes(20)), "its times do not fit"),
        (_mode() + _name() + _entry(b"TF"), "its times do not fit"),
        (_mode(_LINK) + _name() + _entry(b"SL", b"\0\0\x09a"), "its link does not fit"),
        (_mode(_LINK) + _name() + _entry(b"SL"), "its link does not fit"),
    ],
)
def test_what_readers_stumble_over(field: bytes, wrong: str) -> None:
    found = _problem(field)
    assert bool(found) == bool(wrong)
    assert wrong in found


def test_the_mode_of_a_folder_is_a_folders() -> None:
    assert _problem(_mode(_FOLDER) + _name(), folder=True) == ""
    assert _problem(_PLAIN, folder=True) == "its mode makes no sense"


@pytest.mark.parametrize("kind", [0o010000, 0o020000, 0o060000, 0o140000])
def test_only_files_have_content(kind: int) -> None:
    field = _mode(kind | 0o644) + _name()
    assert _problem(field) == ""
    wrong = susp_check.problem(Memory(b""), 0, _SPACE, _record(field, length=11), 0)
    assert wrong == "its mode makes no sense"


@pytest.mark.parametrize(
    ("mode", "right"), [(_FOLDER, True), (0, True), (_FILE, False), (0x0BADAFB, False)]
)
def test_a_parent_may_have_no_mode(mode: int, *, right: bool) -> None:
    """genisoimage gives the ".." of what it moved up none."""
    found = _problem(_mode(mode), identifier=iso9660.PARENT, folder=True)
    assert found == ("" if right else "its mode makes no sense")
    assert bool(_problem(_mode(mode), identifier=iso9660.SELF, folder=True)) != (mode == _FOLDER)


def test_a_folder_and_its_parent_need_no_names() -> None:
    for identifier in (iso9660.SELF, iso9660.PARENT):
        assert _problem(_mode(_FOLDER), identifier=identifier, folder=True) == ""


@pytest.mark.parametrize(
    ("announced", "wrong"),
    [
        (_announced(), ""),
        (_announced(b"IEEE_P1282"), ""),
        (_announced(b"AAIP_0200") + _announced(), ""),  # xorriso for backups: two are there
        (_announced(b"AAIP_0200"), "Rock Ridge is not announced"),
        (b"", "Rock Ridge is not announced"),
        (_entry(b"ER", b"\x0a\x09\0\1RRIP_1991A"), "what it announces does not fit"),
        (_entry(b"ER"), "what it announces does not fit"),
    ],
)
def test_the_root_announces_rock_ridge(announced: bytes, wrong: str) -> None:
    field = _mode(_FOLDER) + announced
    assert _problem(field, identifier=iso9660.SELF, folder=True, root=True) == wrong


@pytest.mark.parametrize(
    ("more", "area", "wrong"),
    [
        (_more(length=len(_name())), _name(), ""),
        (_more(offset=100, length=len(_name())), bytes(100) + _name(), ""),
        (_more(offset=SECTOR - 8, length=8), bytes(SECTOR - 8) + _name(b"abc"), ""),
        (_more(offset=SECTOR - 8, length=9), _name(), "an area goes on where none is"),
        (_more(length=265), _LONG + _name(b"n" * 55), ""),
        (
            _more(length=266),
            _LONG + _name(b"n" * 56),
            "its name has 256 bytes",
        ),
        (_more(length=0), _name(), "an area goes on where none is"),
        (_more(block=0), _name(), "an area goes on where none is"),
        (_more(block=_SPACE), _name(), "an area goes on where none is"),
        (_more(length=1 << 31), _name(), "an area goes on where none is"),
        (_more(length=28), _more(length=28), "its areas do not end"),
        (_more(length=20), bytes(20), "its name has 0 bytes"),
        (struct.pack("<2sBB24x", b"CE", 28, 1), b"", "an area goes on where none is"),
    ],
)
def test_what_goes_on_in_an_area(more: bytes, area: bytes, wrong: str) -> None:
    assert _problem(_mode() + more, area=area) == wrong
