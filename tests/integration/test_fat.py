"""Our FAT against mtools and fsck: FAT12, FAT16 and FAT32, fragmented, full, with long names."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
import small_media

from builder import process
from builder.errors import MediaError
from builder.iso.fat import FatFile, FileSystem
from builder.iso.patch import Draft
from builder.iso.source import opened
from builder.media import grub_image

pytestmark = small_media.NEEDED

_KINDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "fat12": (1, ("-F", "12")),
    "fat12-small-clusters": (1, ("-F", "12", "-s", "1")),
    "fat12-one-table": (1, ("-F", "12", "-f", "1")),
    "fat16": (20, ("-F", "16", "-s", "2")),
    "fat16-four-tables": (20, ("-F", "16", "-s", "2", "-f", "4")),
    "fat16-large-sectors": (80, ("-F", "16", "-S", "2048", "-s", "1")),
    "fat32": (40, ("-F", "32", "-s", "1")),
    "fat32-larger-clusters": (70, ("-F", "32", "-s", "2")),
}
_LONG = "EFI/BOOT/a file with a Name that is Long, Größe 7.cfg"
_NAMES = ("EFI/BOOT/grub.cfg", "EFI/BOOT/BOOT.conf", "EFI/centos/grub.cfg", _LONG, "startup.nsh")


@pytest.fixture(scope="module", params=_KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file system with files whose clusters lie between each other."""
    size, options = _KINDS[request.param]
    folder = tmp_path_factory.mktemp("fat")
    path, tree = folder / f"{request.param}.img", folder / "tree"
    with path.open("wb") as file:
        file.truncate(size << 20)
    small_media.call("mkfs.vfat", "--invariant", *options, path)
    for name in _NAMES:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(name.encode() * 300)
    for name in ("EFI", "startup.nsh"):
        small_media.call("mcopy", "-s", "-i", path, tree / name, "::/")
    _fragment(path, tree)
    return path


@pytest.fixture
def image(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    small_media.call("cp", "--sparse=always", made, tmp_path)
    return tmp_path / made.name


def _fragment(image: Path, tree: Path) -> None:
    """Leave holes behind, then let a file fill them."""
    (tree / "small").write_bytes(b"s" * 700)
    for number in range(40):
        small_media.call("mcopy", "-i", image, tree / "small", f"::/hole{number}")
    for number in range(0, 40, 2):
        small_media.call("mdel", "-i", image, f"::/hole{number}")
    (tree / "large").write_bytes(bytes(range(256)) * 300)
    small_media.call("mcopy", "-i", image, tree / "large", "::/EFI/large.bin")


def _replaced(image: Path, path: str, content: bytes) -> Path:
    """Return a copy of the image in which we replaced a file."""
    result = image.with_suffix(".new")
    shutil.copy(image, result)
    with opened(image) as source:
        draft = Draft(source)
        system = FileSystem(source, 0)
        system.replace(_files(system)[path], content, draft)
        with result.open("r+b") as file:
            for each in draft.writes():
                assert isinstance(each.content, bytes)
                file.seek(each.at)
                file.write(each.content)
    return result


def _files(system: FileSystem) -> dict[str, FatFile]:
    return {each.path: each for each in system.files()}


def _by_mtools(image: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    small_media.call("mcopy", "-s", "-n", "-i", image, "::/", folder)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_we_read_what_mtools_does(image: Path, tmp_path: Path) -> None:
    expected = _by_mtools(image, tmp_path / "out")
    with opened(image) as source:
        system = FileSystem(source, 0)
        assert {path: system.read(file) for path, file in _files(system).items()} == expected
    assert set(_NAMES) <= expected.keys()


@pytest.mark.parametrize("length", [0, 1, 512, 5000, 200_000])
@pytest.mark.parametrize("path", ["EFI/BOOT/grub.cfg", "EFI/large.bin"])
def test_mtools_reads_what_we_write(image: Path, path: str, length: int, tmp_path: Path) -> None:
    before = _by_mtools(image, tmp_path / "before")
    content = bytes(number % 251 for number in range(length))
    result = _replaced(image, path, content)
    assert _by_mtools(result, tmp_path / "after") == before | {path: content}
    if "four-tables" not in image.name:  # fsck knows two at most
        small_media.call("fsck.vfat", "-n", result)
    assert _tables_agree(result)
    assert result.stat().st_size == image.stat().st_size


def _tables_agree(image: Path) -> bool:
    content = image.read_bytes()
    sector, reserved, count, size = struct.unpack_from("<HxHB5xH", content, 11)
    size = size or struct.unpack_from("<I", content, 36)[0]
    starts = (sector * (reserved + size * number) for number in range(count))
    return len({content[start : start + sector * size] for start in starts}) == 1


def test_a_full_file_system_is_refused(image: Path, tmp_path: Path) -> None:
    filling = tmp_path / "filling"
    for size in (1 << 20, 1 << 16, 1 << 12, 512):
        filling.write_bytes(b"f" * size)
        for number in range(300):
            name = f"::/f{size}-{number}"
            if not _copied(image, filling, name):
                break
    with opened(image) as source:
        system = FileSystem(source, 0)
        file = _files(system)["EFI/BOOT/grub.cfg"]
        with pytest.raises(MediaError, match="its EFI boot image is full"):
            system.replace(file, b"x" * 300_000, Draft(source))
        shrunk = Draft(source)
        system.replace(_files(FileSystem(source, 0))["EFI/BOOT/grub.cfg"], b"", shrunk)


def _copied(image: Path, file: Path, name: str) -> bool:
    argv: list[str | Path] = ["mcopy", "-i", image, file, name]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_chains_that_go_round(image: Path) -> None:
    with opened(image) as source:
        system = FileSystem(source, 0)
        large = _files(system)["EFI/large.bin"]
        system._set(large.cluster, large.cluster)  # noqa: SLF001  # damage
        with pytest.raises(MediaError, match="does not end"):
            system.read(large)


def test_a_memdisk_that_is_a_fat_file_system(tmp_path: Path) -> None:
    """Debian's signed GRUB brings its first script along in one."""
    disk, script = tmp_path / "disk", tmp_path / "grub.cfg"
    script.write_text("source $cmdpath/grub.cfg\n")
    disk.write_bytes(bytes(1 << 20))
    process.run(["mkfs.vfat", "-F", "12", disk])
    process.run(["mcopy", "-i", disk, script, "::grub.cfg"])
    content = disk.read_bytes()
    assert grub_image.files(content) == {"grub.cfg": script.read_bytes()}
    assert grub_image.files(content[:1024]) == {}
