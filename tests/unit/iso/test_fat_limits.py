"""FAT16 images whose numbers ask for more memory or time than a boot image may take."""

import struct

import pytest

from builder.errors import MediaError
from builder.iso import fat_check
from builder.iso.eltorito import BootImage
from builder.iso.fat import FileSystem
from builder.iso.patch import Draft
from builder.iso.source import Memory

_SECTOR = 512  # a cluster too
_CLUSTERS = 6000
_TABLE = 64  # sectors
_END = 0xFFFF
_FOLDER, _FILE = 0x10, 0x20
_FULL = (b"\xe5" + bytes(31)) * 16  # a cluster of deleted entries: the folder goes on behind it


def _entry(name: str, cluster: int, *, kind: int = _FOLDER, size: int = 0) -> bytes:
    return struct.pack("<11sB14xHI", name.encode().ljust(11), kind, cluster, size)


def _image(root: list[bytes], clusters: dict[int, bytes], chains: dict[int, int]) -> Memory:
    boot = bytearray(_SECTOR)
    struct.pack_into("<HBHBHHBH", boot, 11, _SECTOR, 1, 1, 1, len(root) + 16 & ~15, 0, 0xF8, _TABLE)
    struct.pack_into("<I", boot, 32, _CLUSTERS + 1000)
    boot[510:] = b"\x55\xaa"
    table, data = bytearray(_TABLE * _SECTOR), bytearray(_CLUSTERS * _SECTOR)
    for cluster, following in chains.items():
        struct.pack_into("<H", table, cluster * 2, following)
    for cluster, content in clusters.items():
        data[(cluster - 2) * _SECTOR : (cluster - 2) * _SECTOR + len(content)] = content
    entries = b"".join(root).ljust((len(root) + 16 & ~15) * 32, b"\0")
    return Memory(bytes(boot + table) + entries + bytes(data))


def _nested(depth: int) -> Memory:
    """Return one in which a file lies so deep."""
    folders = {each: _entry("D", each + 1) for each in range(2, depth + 1)}
    folders[depth + 1] = _entry("F", 0, kind=_FILE)
    return _image([_entry("D", 2)], folders, dict.fromkeys(folders, _END))


def _overlapping() -> Memory:
    """Return one of folders that all go on in each other's clusters, the shortest first."""
    used = range(2, _CLUSTERS)
    root = [_entry(f"D{each}", each) for each in reversed(used)]
    chains = {each: each + 1 for each in used} | {used[-1]: _END}
    return _image(root, dict.fromkeys(used, _FULL), chains)


def test_folders_in_folders() -> None:
    (found,) = FileSystem(_nested(60), 0).files()
    assert found.path == "D/" * 60 + "F"


@pytest.mark.parametrize("image", [_nested(5000), _overlapping()], ids=["deep", "overlapping"])
def test_folders_that_make_no_sense(image: Memory) -> None:
    with pytest.raises(MediaError, match="the folders in its EFI boot image make no sense"):
        list(FileSystem(image, 0).files())


def test_large_file() -> None:
    image = _image([_entry("GRUB    CFG", 2, kind=_FILE, size=2**31)], {}, {2: _END})
    system = FileSystem(image, 0)
    (found,) = system.files()
    with pytest.raises(MediaError, match=r"GRUB\.CFG in its EFI boot image has 2147483648 bytes"):
        system.read(found)


def test_large_table() -> None:
    boot = bytearray(_SECTOR)
    struct.pack_into("<HBHBHHBH", boot, 11, _SECTOR, 1, 1, 1, 0, 0, 0xF8, 0)
    struct.pack_into("<II", boot, 32, 10**6, 40_000)
    boot[510:] = b"\x55\xaa"
    with pytest.raises(MediaError, match="its EFI boot image is no FAT"):
        FileSystem(Memory(bytes(boot)), 0)


@pytest.mark.parametrize(
    ("second", "right"), [(_END, True), (0xFFF8, True), (0x7FFF, False), (0xBFFF, False)]
)
def test_it_was_written_to_its_end(second: int, *, right: bool) -> None:
    """The second entry of the table has a flag for that, and one for errors of the disk."""
    draft = Draft(_image([], {}, {0: 0xFFF8, 1: second}))
    draft.write(0, b"\xeb")
    draft.write((_CLUSTERS + 1000) * _SECTOR - 1, b"\0")  # as long as it says
    image = BootImage(platform="uefi", sector=0, at=0, blocks=0)
    found = " ".join(fat_check.problems(draft, [image]))
    assert "firmware looks for" in found
    assert ("was not written to its end" not in found) is right
