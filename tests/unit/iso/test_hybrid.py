"""Partition tables after the volume under them changed."""

import struct
import zlib
from pathlib import Path

import pytest

from builder.iso import hybrid

_MIB = 1 << 20
_VOLUME = 3 * _MIB + 2048 * 7
_FILE = 4 * _MIB
_EFI = 47  # sector
_NAME = struct.Struct("<8sIIIIQQQQ16sQIII")


def _shift() -> hybrid.Shift:
    return hybrid.Shift(moved={47: 50, 1071: 1070}, volume=6524, before=8192, grown=4, after=10240)


@pytest.mark.parametrize(
    ("first", "last", "begins", "ends"),
    [
        pytest.param(188, 188 + 4095, 200, 200 + 4095, id="EFI image, moved"),
        pytest.param(0, 8191, 0, 10239, id="whole file"),
        pytest.param(0, 6523, 0, 6527, id="whole volume"),
        pytest.param(64, 8128, 64, 10176, id="up to the backup"),
        pytest.param(4284, 4299, 4280, 4295, id="isolinux"),
        pytest.param(5000, 5999, 5000, 5999, id="something else"),
    ],
)
def test_partitions_follow_what_they_hold(first: int, last: int, begins: int, ends: int) -> None:
    assert (_shift().start(first), _shift().last(first, last)) == (begins, ends)


def _area(*, count: int = 128) -> bytes:
    area = bytearray(hybrid.SYSTEM_AREA)
    area[510:512] = b"\x55\xaa"
    struct.pack_into("<Q", area, 432, 1071 * 4)
    struct.pack_into("<8BII", area, 446, 0x80, 0, 1, 0, 0, 63, 32, 3, 0, _FILE // 512)
    struct.pack_into("<8BII", area, 462, 0, 254, 255, 255, 239, 254, 255, 255, _EFI * 4, 4096)
    for at, first, last in ((1024, 0, _VOLUME // 512 - 1), (1152, _EFI * 4, _EFI * 4 + 4095)):
        struct.pack_into("<16s16sQQ", area, at, b"type", b"guid", first, last)
    end = _FILE // 512 - 1
    fields = (b"EFI PART", 1 << 16, 92, 0, 0, 1, end, 34, end - 33, b"disk", 2, count, 128, 0)
    area[512 : 512 + 92] = _NAME.pack(*fields)
    return bytes(area)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file with the system area of an isohybrid."""
    path = tmp_path / "source.iso"
    path.write_bytes(_area())
    with path.open("r+b") as file:
        file.truncate(_FILE)
    return path


def _carry(source: Path, size: int) -> bytes:
    output = source.with_name("output.iso")
    output.write_bytes(bytes(size - 1) + b"!")
    hybrid.carry_over(source, output, volume=_VOLUME, moved={_EFI: 50, 1071: 1070})
    return output.read_bytes()


@pytest.mark.parametrize(
    ("volume", "file"),
    [
        pytest.param(_VOLUME + 2048, 4 * _MIB, id="room left"),
        pytest.param(4 * _MIB - 2048, 5 * _MIB, id="no room for the backup"),
        pytest.param(1100 * _MIB + 2048, 1101 * _MIB, id="beyond 1024 cylinders"),
    ],
)
def test_file_grows_by_whole_cylinders(source: Path, volume: int, file: int) -> None:
    content = _carry(source, volume)
    assert len(content) == file
    assert struct.unpack_from("<II", content, 446 + 8) == (0, file // 512)
    cylinder = content[446 + 7] | (content[446 + 6] & 0xC0) << 2
    assert cylinder == min(file // _MIB - 1, 1023)
    assert content[446 + 6] & 0x3F == 32


def test_boot_code_finds_isolinux_and_the_efi_image(source: Path) -> None:
    content = _carry(source, _VOLUME)
    assert struct.unpack_from("<Q", content, 432) == (1070 * 4,)
    assert struct.unpack_from("<II", content, 462 + 8) == (200, 4096)
    assert content[463:470] == _area()[463:470]


def test_both_gpts_are_right(source: Path) -> None:
    content = _carry(source, _VOLUME + 2048)
    end = len(content) // 512 - 1
    for here, other, entries in ((1, end, 2), (end, 1, end - 32)):
        header = _NAME.unpack_from(content, here * 512)
        assert header[5:9] == (here, other, 34, end - 33)
        assert header[10] == entries
        table = content[entries * 512 : entries * 512 + 128 * 128]
        assert header[13] == zlib.crc32(table)
        raw = bytearray(content[here * 512 : here * 512 + 92])
        raw[16:20] = bytes(4)
        assert header[3] == zlib.crc32(raw)
        assert struct.unpack_from("<QQ", table, 32) == (0, (_VOLUME + 2048) // 512 - 1)
        assert struct.unpack_from("<QQ", table, 128 + 32) == (200, 200 + 4095)
        assert not any(table[256:])


@pytest.mark.parametrize("count", [0xFFFF, 256])
def test_gpt_that_does_not_fit_is_refused(count: int, source: Path) -> None:
    with source.open("r+b") as file:
        file.write(_area(count=count))
    with pytest.raises(ValueError, match="outside the system area"):
        _carry(source, _VOLUME)


def test_area_without_partitions_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "source.iso"
    source.write_bytes(b"boot code of another kind".ljust(hybrid.SYSTEM_AREA, b"."))
    content = _carry(source, _VOLUME)
    assert content[: hybrid.SYSTEM_AREA] == source.read_bytes()
    assert len(content) == _VOLUME
