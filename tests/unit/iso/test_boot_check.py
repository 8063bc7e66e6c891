"""What firmware reads of a boot catalogue, and boot loaders of themselves."""

import struct

import pytest
from msgspec.structs import replace

from builder.iso import boot_check, eltorito
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, Memory

_CATALOGUE, _LOADER, _EFI, _COPY = 20, 21, 24, 28
_LENGTH = 2 * SECTOR - 3
_DEFAULT = _CATALOGUE * SECTOR + 32
_HEADER, _SECOND = _DEFAULT + 32, _DEFAULT + 64
_TABLE = _LOADER * SECTOR + 8


def _descriptor(kind: int, content: bytes = b"") -> bytes:
    return (bytes([kind]) + b"CD001\1\0" + content).ljust(SECTOR, b"\0")


def _loader() -> bytes:
    content = bytearray(b"\xfa\xea\x6c\x7c\0\0\x90\x90".ljust(_LENGTH, b"\xfa"))
    content[64:80] = b"ISOLINUX 6.04\0\0\0"
    struct.pack_into("<4I", content, 8, 16, _LOADER, _LENGTH, boot_check.checksum(bytes(content)))
    return bytes(content)


def _catalogue() -> bytes:
    first = bytearray(b"\1".ljust(30, b"\0") + b"\x55\xaa")
    struct.pack_into("<H", first, 28, -sum(struct.unpack("<16H", first)) & 0xFFFF)
    default = struct.pack("<BBHBxHI", 0x88, 0, 0, 0, 4, _LOADER)
    header = struct.pack("<BBH", 0x91, 0xEF, 1)
    second = struct.pack("<BBHBxHI", 0x88, 0, 0, 0, 8, _EFI)
    return bytes(first) + b"".join(each.ljust(32, b"\0") for each in (default, header, second))


def _image() -> Memory:
    content = bytearray(32 * SECTOR)
    record = b"EL TORITO SPECIFICATION".ljust(64, b"\0") + struct.pack("<I", _CATALOGUE)
    pieces = {
        16: _descriptor(1),
        17: _descriptor(0)[:7] + record,
        18: _descriptor(255),
        _CATALOGUE: _catalogue(),
        _LOADER: _loader(),
        _COPY: _descriptor(1),
    }
    for sector, piece in pieces.items():
        content[sector * SECTOR : sector * SECTOR + len(piece)] = piece
    return Memory(bytes(content))


def _problems(*patches: tuple[int, bytes]) -> list[str]:
    draft = Draft(_image())
    for at, content in patches:
        draft.write(at, content)
    return list(boot_check.problems(draft, eltorito.images(draft)))


def test_what_boots_is_right() -> None:
    assert _problems() == []


def test_another_descriptor_of_the_same_volume_will_do_for_isolinux() -> None:
    assert _problems((_TABLE, bytes([_COPY]))) == []


def test_a_loader_without_a_table_that_needs_none_is_right() -> None:
    foreign = b"\xeb\x3c" + bytes(200)
    assert _problems((_LOADER * SECTOR, foreign)) == []


@pytest.mark.parametrize("blocks", [0, 1, 8, 0xFFFF])
def test_uefi_may_be_told_of_more_than_there_is(blocks: int) -> None:
    assert _problems((_SECOND + 6, struct.pack("<H", blocks))) == []


def test_a_second_image_for_bios_that_is_a_fat_is_for_uefi() -> None:
    """mkisofs without -e has no other way, and EDK2 starts what is in it."""
    boot = b"\xeb\x3c\x90".ljust(54, b"\0") + b"FAT12"
    draft = Draft(_image())
    for at, content in ((_HEADER + 1, b"\0"), (_EFI * SECTOR, boot), (_SECOND + 6, b"\0\x10")):
        draft.write(at, content)
    assert [each.platform for each in eltorito.images(draft)] == ["bios", "uefi"]
    assert list(boot_check.problems(draft, eltorito.images(draft))) == []
    draft.write(_SECOND + 1, b"\2")  # a floppy, which is no partition to UEFI
    assert [each.platform for each in eltorito.images(draft)] == ["bios", "bios"]


def test_a_floppy_is_right() -> None:
    floppy = b"\xeb\x3c\x90".ljust(510, b"\0") + b"\x55\xaa"
    blank = bytes(SECTOR - len(floppy))
    shown = (_DEFAULT + 1, b"\x02"), (_DEFAULT + 6, b"\x01")
    assert _problems(*shown, (_LOADER * SECTOR, floppy + blank)) == []


def test_a_loader_knows_itself() -> None:
    image = _image()
    bios, uefi = eltorito.images(image)
    assert boot_check.own_length(image, bios) == _LENGTH
    for each in (uefi, replace(bios, sector=_LOADER + 1), replace(bios, sector=1 << 20)):
        assert boot_check.own_length(image, each) is None


_EFI_BLOCK = _EFI * 4


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([(0x00, 0, 128), (0xEF, _EFI_BLOCK, 8)], ""),
        ([(0x17, 0, 128), (0x0C, _EFI_BLOCK, 8)], ""),
        ([(0x00, 0, 128), (0xEF, _EFI_BLOCK, 8), (0x00, _EFI_BLOCK, 8)], ""),  # isohybrid --mac
        ([(0xEE, 1, 127), (0xFF, _EFI_BLOCK, 8)], ""),  # the GPT counts
        ([(0x17, 0, 128)], ""),
        ([], ""),
        ([(0x00, 0, 128), (0xFF, _EFI_BLOCK, 8)], "type FF instead of EF"),
        ([(0x00, 0, 128), (0x00, _EFI_BLOCK, 8)], "type 00 instead of EF"),
        ([(0x17, 0, 128), (0x83, _EFI_BLOCK, 8)], "type 83 instead of EF"),
    ],
)
def test_the_type_of_what_uefi_boots_from_a_disk(
    entries: list[tuple[int, int, int]], problem: str
) -> None:
    draft = Draft(_image())
    draft.write(510, b"\x55\xaa")
    for number, (kind, first, count) in enumerate(entries):
        draft.write(446 + 16 * number, struct.pack("<B3xB3xII", 0, kind, first, count))
    found = list(boot_check.disk_problems(draft, eltorito.images(draft)))
    assert bool(found) == bool(problem)
    assert problem in "".join(found)


@pytest.mark.parametrize(
    ("at", "content", "problem"),
    [
        (17 * SECTOR + 10, b"x", "Firmware finds nothing to boot"),
        (_DEFAULT, b"\x00", "default entry is not bootable"),
        (_DEFAULT, b"\x44", "default entry is not bootable"),
        (_DEFAULT + 1, b"\x02", "a floppy or a hard disk"),
        (_DEFAULT + 2, b"\x00\x10", "loaded to segment 1000"),
        (_DEFAULT + 6, b"\x01", "needs its first 2048"),
        (_DEFAULT + 8, b"\x00\x00\x10", "behind the end of the image"),
        (_DEFAULT + 8, b"\x10", "among the volume descriptors"),
        (_HEADER + 1, b"\xcf", "is for platform 207: none is"),
        (_HEADER, b"\x90", "a section that is not there"),
        (_HEADER, b"\x00", "at byte 64 that no header announces"),
        (_HEADER + 2, b"\xff\xff", "announces 65535 entries"),
        (_HEADER + 2, b"\x00", "announces 0 entries"),
        (_SECOND, b"\x00", "entry at byte 96 is not bootable"),
        (_DEFAULT + 6, b"\x40", "from behind the end of the image"),
        (_DEFAULT + 6, b"\xc3\x04", "over the memory of the firmware"),
        (_SECOND + 1, b"\x02", "a floppy or a hard disk"),
        (_SECOND + 32, b"\x91", "at byte 128 that no header announces"),
        (_LOADER * SECTOR, bytes(SECTOR), "begins with 00 00 00 00, as no loader does"),
        (_LOADER * SECTOR, b"none".ljust(SECTOR, b"!"), "begins with 6e 6f 6e 65"),
        (_LOADER * SECTOR, bytes(8), "not begin with a jump to its own code"),
        (_LOADER * SECTOR + 2, b"\x6c\x84", "not begin with a jump to its own code"),
        (_TABLE, b"\x11", "wrong volume descriptor"),
        (_TABLE, b"\xff\xff\xff\xff", "wrong volume descriptor"),
        (_TABLE + 4, b"\0", "wrong sector"),
        (_TABLE + 8, b"\xff\xff\xff\xff", "wrong length or checksum"),
        (_TABLE + 12, b"none", "wrong length or checksum"),
        (_TABLE + 1000, b"damage", "wrong length or checksum"),
        (_TABLE, b"\xef\xbe\xad\xde" * 4, "wrong volume descriptor, sector, length or checksum"),
    ],
)
def test_what_keeps_firmware_from_booting(at: int, content: bytes, problem: str) -> None:
    found = _problems((at, content))
    assert any(problem in each for each in found), found


def test_firmware_looks_for_the_boot_record_in_one_sector() -> None:
    image = _image()
    record = image.read(17 * SECTOR, SECTOR)
    found = _problems((17 * SECTOR, _descriptor(3)), (18 * SECTOR, record + _descriptor(255)))
    assert found == ["The boot record is in sector 18, and firmware looks in 17."]
