"""What firmware and kernels stumble over in a FAT file system, and what only looks odd."""

import struct

import pytest

from builder.iso import fat_check
from builder.iso.eltorito import BootImage
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, Memory

_BLOCK = 512  # a sector of the file system, and a cluster
_START = 4 * SECTOR
_TOTAL = 64  # sectors
_TABLE, _COPY, _ROOT, _DATA = _BLOCK, 2 * _BLOCK, 3 * _BLOCK, 4 * _BLOCK
_EFI, _BOOT, _LOADER, _LOADER_END, _MENU = 2, 3, 4, 5, 6
_END = 0xFFF
_FOLDER, _PLAIN, _LABEL, _LONG = 0x10, 0x20, 0x08, 0x0F


def _entry(name: str, cluster: int, *, kind: int = _PLAIN, size: int = 0) -> bytes:
    return struct.pack("<11sB14xHI", name.encode().ljust(11), kind, cluster, size)


def _long(name: str, short: bytes) -> bytes:
    """Return the one entry of a long name of at most 13 letters."""
    total = 0
    for each in short[:11]:
        total = ((total & 1) << 7 | total >> 1) + each & 0xFF
    text = f"{name}\0".encode("utf-16-le").ljust(26, b"\xff")
    head = bytes([0x41]) + text[:10] + bytes([_LONG, 0, total])
    return head + text[10:22] + b"\0\0" + text[22:26]


def _place(cluster: int) -> int:
    return _DATA + (cluster - 2) * _BLOCK


def _table(chains: dict[int, int]) -> bytes:
    content = bytearray(_BLOCK)
    for cluster, following in chains.items():
        at = cluster * 3 // 2
        (pair,) = struct.unpack_from("<H", content, at)
        pair = pair & 0xF | following << 4 if cluster % 2 else pair & 0xF000 | following
        struct.pack_into("<H", content, at, pair)
    return bytes(content)


_CHAINS = {
    0: 0xFF8, 1: _END, _EFI: _END, _BOOT: _END, _LOADER: _LOADER_END, _LOADER_END: _END,
    _MENU: _END,
}  # fmt: skip
_MENU_ENTRY = _entry("GRUB    CFG", _MENU, size=100)


def _image(chains: dict[int, int] | None = None) -> Memory:
    boot = bytearray(b"\xeb\x3c\x90mkfs.fat".ljust(510, b"\0") + b"\x55\xaa")
    struct.pack_into("<HBHBHHBH", boot, 11, _BLOCK, 1, 1, 2, 16, _TOTAL, 0xF8, 1)
    boot[54:62] = b"FAT12   "
    table = _table(_CHAINS | (chains or {}))
    dots = _entry(".", _EFI, kind=_FOLDER) + _entry("..", 0, kind=_FOLDER)
    inner = _entry(".", _BOOT, kind=_FOLDER) + _entry("..", _EFI, kind=_FOLDER)
    pieces = {
        0: bytes(boot),
        _TABLE: table,
        _COPY: table,
        _ROOT: _entry("ANACONDA", 0, kind=_LABEL) + _entry("EFI", _EFI, kind=_FOLDER),
        _place(_EFI): dots + _entry("BOOT", _BOOT, kind=_FOLDER),
        _place(_BOOT): inner
        + _entry("BOOTX64 EFI", _LOADER, size=700)
        + _long("grub.cfg", _MENU_ENTRY)
        + _MENU_ENTRY,
        _place(_LOADER): b"MZ",
    }
    content = bytearray(_START + _TOTAL * _BLOCK)
    for at, piece in pieces.items():
        content[_START + at : _START + at + len(piece)] = piece
    return Memory(bytes(content))


def _found(*patches: tuple[int, bytes], chains: dict[int, int] | None = None) -> str:
    draft = Draft(_image(chains))
    for at, content in patches:
        draft.write(_START + at, content)
    image = BootImage(platform="uefi", sector=_START // SECTOR, at=0, blocks=_TOTAL)
    return " ".join(fat_check.problems(draft, [image]))


_IN_BOOT = _place(_BOOT)


def test_it_is_right() -> None:
    assert _found() == ""


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (0, b"\xe9"),
        (32, struct.pack("<I", 12345)),  # not read where the small field has the size
        (_ROOT, b"\xe5"),  # deleted
        (_ROOT + 64, _entry("README", 0)),
        (_ROOT + 64, _entry("lower", 0)[:12].upper() + b"\x18" + _entry("", 0)[13:]),
        (_ROOT + 64, _entry("\x05KANJI", 0)),
        (_IN_BOOT + 32 * 5, b"\xe5" + _long("deleted", b"")[1:]),
        (_TABLE + 1, b"\xff"),
    ],
)
def test_what_only_looks_odd(at: int, content: bytes) -> None:
    patches = [(at, content)]
    if at < _COPY and at >= _TABLE:
        patches.append((at + _BLOCK, content))
    assert _found(*patches) == ""


@pytest.mark.parametrize(
    ("at", "content", "problem"),
    [
        (0, b"\x00", "no FAT file system that fits"),
        (11, b"\0\3", "no FAT file system that fits"),
        (13, b"\3", "no FAT file system that fits"),
        (14, b"\0\0", "no FAT file system that fits"),
        (16, b"\0", "no FAT file system that fits"),
        (17, b"\x11", "no FAT file system that fits"),
        (19, b"\0\0", "no FAT file system that fits"),
        (19, b"\0\1", "no FAT file system that fits"),
        (21, b"\x01", "no FAT file system that fits"),
        (22, b"\0\0", "no FAT file system that fits"),
        (510, b"\0", "no FAT file system that fits"),
        (_TABLE, b"\xf0", "its allocation table does not begin as one"),
        (_COPY + 100, b"!", "its allocation tables differ"),
        (_ROOT + 26, b"\7", "in its folder / its label makes no sense"),
        (_ROOT + 32 + 26, b"\x50", "its folder /EFI goes on in cluster 80, which is none"),
        (_ROOT + 32 + 26, b"\0", "its folder /EFI goes on in cluster 0"),
        (_ROOT + 32 + 26, b"\xff\x0f", "its folder /EFI has no clusters"),
        (_ROOT + 32 + 28, b"\1", "its folder /EFI has a size"),
        (_ROOT + 64, _entry("EFI", 0), "two names are the same"),
        (_ROOT + 64, _entry("A/B", 0), "a name makes no sense"),
        (_ROOT + 64, _entry(" A", 0), "a name makes no sense"),
        (_ROOT + 64, _entry("A", 0, kind=0x60), "a name makes no sense"),
        (_ROOT + 64, _long("lost", b"OTHER      "), "a long name belongs to nothing"),
        (_place(_EFI), b"x", "in its folder /EFI/ the entry . is wrong"),
        (_place(_EFI) + 32 + 26, b"\2", "in its folder /EFI/ the entry .. is wrong"),
        (_IN_BOOT + 32 + 26, b"\0", "in its folder /EFI/BOOT/ the entry .. is wrong"),
        (_IN_BOOT + 64, b"X", "it has no EFI/BOOT/BOOT*.EFI"),
        (_IN_BOOT + 64 + 26, b"\x06", "its file /EFI/BOOT/BOOTX64.EFI has 700 bytes in 1"),
        (_IN_BOOT + 64 + 28, b"\0\2", "its file /EFI/BOOT/BOOTX64.EFI has 512 bytes in 2"),
        (_IN_BOOT + 96, b"\x42", "a long name belongs to nothing"),
        (_IN_BOOT + 96 + 13, b"!", "a long name belongs to nothing"),
        (_IN_BOOT + 128 + 26, b"\x04", "its file /EFI/BOOT/GRUB.CFG shares cluster 4"),
        (_place(_LOADER), b"EL", "its file /EFI/BOOT/BOOTX64.EFI is no program"),
    ],
)
def test_what_is_stumbled_over(at: int, content: bytes, problem: str) -> None:
    assert problem in _found((at, content))


@pytest.mark.parametrize(
    ("chains", "problem"),
    [
        ({_LOADER_END: 0}, "goes on in cluster 0, which is none"),
        ({_LOADER_END: 0xFF7}, "goes on in cluster 4087, which is none"),
        ({_LOADER_END: _LOADER}, "its file /EFI/BOOT/BOOTX64.EFI shares cluster 4"),
        ({_LOADER_END: 7, 7: 8, 8: _END}, "its file /EFI/BOOT/BOOTX64.EFI does not end"),
        ({_LOADER_END: _MENU}, "shares cluster 6"),
        ({_EFI: _EFI}, "its folder /EFI shares cluster 2"),
        ({_LOADER_END: 0xFF8}, ""),
        ({9: _END}, ""),  # lost: nobody finds it
    ],
)
def test_chains(chains: dict[int, int], problem: str) -> None:
    found = _found(chains=chains)
    assert bool(found) == bool(problem)
    assert problem in found


@pytest.mark.parametrize(
    ("blocks", "right"),
    [(0, True), (1, True), (2, False), (_TOTAL - 1, False), (_TOTAL + 1, True), (0xFFFF, True)],
)
def test_as_much_as_the_catalogue_tells_firmware(blocks: int, *, right: bool) -> None:
    image = BootImage(platform="uefi", sector=_START // SECTOR, at=0, blocks=blocks)
    assert (not list(fat_check.problems(_image(), [image]))) is right


_OTHER = 64 * SECTOR


@pytest.mark.parametrize("other", [b"", b"hsqs", bytes(1024) + b"H+", bytes(1024) + b"BD"])
def test_what_is_no_fat_is_left_alone_beside_one(other: bytes) -> None:
    content = _image().read(0, _image().size).ljust(_OTHER, b"\0") + other.ljust(4096, b"\0")
    images = [
        BootImage(platform="uefi", sector=at // SECTOR, at=0) for at in (_START, _OTHER, 1 << 40)
    ]
    assert list(fat_check.problems(Memory(content), images)) == []
    found = list(fat_check.problems(Memory(content), images[1:2]))
    assert bool(found) == (len(other) <= len(b"hsqs"))


def test_a_damaged_one_is_told_beside_another() -> None:
    both = _image().read(0, _image().size).ljust(_OTHER, b"\0") + bytearray(
        _image().read(_START, _TOTAL * _BLOCK)
    )
    damaged = both[: _OTHER + 510] + b"??" + both[_OTHER + 512 :]
    images = [BootImage(platform="uefi", sector=at // SECTOR, at=0) for at in (_START, _OTHER)]
    (found,) = fat_check.problems(Memory(bytes(damaged)), images)
    assert found == "The EFI boot image at sector 64 is no FAT file system that fits."
