"""What publishers make is right; what firmware, a kernel or a boot loader stumbles over is not."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import small_media
from remastering import change, problems

from builder.errors import MediaError
from builder.iso import eltorito
from builder.iso.source import SECTOR, opened
from builder.iso.survey import Survey, survey
from builder.media import second_reader
from builder.media.inspect import inspect

pytestmark = small_media.NEEDED


def composed(iso: Path, folder: Path) -> Path:
    """Make a DVD of a boot.iso as pungi does: by xorriso's own commands, which pad behind all."""
    (folder / "repo").mkdir()
    (folder / "repo/a.rpm").write_bytes(b"rpm " * 40_000)
    out = folder / f"{iso.stem}-dvd.iso"
    ways = ("-boot_image", "any", "replay", "-volid", inspect(iso).volume_id, "-joliet", "on")
    call = ("xorriso", "-indev", iso, "-outdev", out, *ways)
    small_media.call(*call, "-map", folder / "repo", "AppStream", "-end")
    return out


def with_mac_image(tree: Path, iso: Path) -> Path:
    """Master an ISO whose third boot image is lorax's for Macs: HFS+."""
    (tree / "images/macboot.img").write_bytes(bytes(1024) + b"H+" + bytes(2 << 20))
    return small_media.by_genisoimage(tree, iso, mac=True)


@pytest.mark.parametrize("maker", ["xorriso", "xorriso-no-pad", "grub", "grub-no-pad"])
def test_dvds_as_they_are_composed_are_right(maker: str, tmp_path: Path) -> None:
    boot = change(small_media.mastered([maker], tmp_path)[maker]).path
    dvd = composed(boot, tmp_path)
    assert problems(dvd) == ()
    assert problems(change(dvd).path) == ()


def test_an_image_for_macs_is_left_alone(tmp_path: Path) -> None:
    iso = with_mac_image(small_media.plant(tmp_path / "tree"), tmp_path / "mac.iso")
    result = change(iso).path
    assert problems(result) == ()
    assert [each.platform for each in inspect(result).boot_entries] == ["bios", "uefi", "uefi"]
    before, after = (path.read_bytes() for path in (iso, result))
    at = inspect(result).boot_entries[2].lba * SECTOR
    assert after[at : at + (2 << 20)] == before[at : at + (2 << 20)]


@pytest.fixture(scope="module")
def remastered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a remastered ISO that boots in every way."""
    folder = tmp_path_factory.mktemp("verify")
    return change(small_media.mastered(["xorriso"], folder)["xorriso"]).path


Place = Callable[[Survey], int]
"""Finds a byte of the medium."""


def _record(_medium: Survey) -> int:
    return 17 * SECTOR


def _default(medium: Survey) -> int:
    return (eltorito.catalogue(medium.source) or 0) * SECTOR + eltorito.ENTRY


def _loader(medium: Survey) -> int:
    return medium.images[0].sector * SECTOR


def _fat(medium: Survey) -> int:
    return medium.efi_images[0].sector * SECTOR


def _descriptor(_medium: Survey) -> int:
    return 16 * SECTOR


def _root(medium: Survey) -> int:
    return medium.primary.descriptor.root.extent * SECTOR


def _announced(medium: Survey) -> int:
    """Return where the root directory's own record says that there is more of Rock Ridge."""
    return _root(medium) + medium.source.read(_root(medium), 255).index(b"CE\x1c\1")


_DAMAGES: dict[str, tuple[Place, int, bytes, str]] = {
    "boot record": (_record, 7, b"\x11", "nothing to boot"),
    "default entry": (_default, 0, b"\x44", "default entry is not bootable"),
    "load segment": (_default, 2, b"\x10\x20", "loaded to segment 2010"),
    "section": (_default, 32, b"\x90\xef\xff\xff", "announces 65535 entries"),
    "isolinux's own sector": (_loader, 12, b"\0\0\0\0", "wrong sector"),
    "isolinux's checksum": (_loader, 5000, b"?!", "wrong length or checksum"),
    "GPT's checksum": (lambda _: 512, 16, b"?", "primary GPT header has a wrong CRC"),
    "GPT's entries": (lambda _: 512, 80, struct.pack("<I", 1 << 30), "primary GPT makes no sense"),
    "FAT's kind of disk": (_fat, 21, b"\1", "no FAT file system that fits"),
    "FAT's length": (_fat, 19, b"\xff\xff", "no FAT file system that fits"),
    "number of FATs": (_fat, 16, b"\1", "in its folder /"),
    "a FAT": (_fat, 512 + 6, b"\2\0", "its file /EFI/BOOT/BOOTX64.EFI"),
    "a FAT's copy": (_fat, 2048 + 1500, b"??", "its allocation tables differ"),
    "half a number": (_descriptor, 85, b"\1", "halves of a number in the volume descriptor"),
    "descriptor's version": (_descriptor, 881, b"\7", "of an unknown version"),
    "half a record": (_root, 7, b"\1", "the two halves of a number differ"),
    "an area's length": (_announced, 20, b"\0\0\0\x80", "two halves of a number differ"),
    "an area": (_announced, 4, b"\0\0\0\x10\x10\0\0\0", "goes on where none is"),
    "boot code's image": (lambda _: 432, 0, b"\1", "starts what is at block"),
    "a descriptor's rest": (_descriptor, 95, b"\1", "something where nothing may be"),
    "MBR's last entry": (lambda _: 494, 4, b"\x83", "entry 4 makes no sense"),
    "MBR's EFI partition": (lambda _: 462, 8, b"\x10", "MBR partition 2 is none of the GPT's"),
    "sector of the loader": (_default, 8, b"\x20\1", "no file or partition begins there"),
    "GPT": (lambda _: 512, 0, b"EFI FART", "its backup is left"),
}


@pytest.mark.parametrize("what", _DAMAGES)
def test_damage_that_a_reader_shrugs_at(what: str, remastered: Path, tmp_path: Path) -> None:
    place, offset, content, problem = _DAMAGES[what]
    with opened(remastered) as source:
        at = place(survey(source)) + offset
    bad = tmp_path / "bad.iso"
    damaged = bytearray(remastered.read_bytes())
    damaged[at : at + len(content)] = content
    bad.write_bytes(damaged)
    found = problems(bad)
    assert any(problem in each for each in found), found


def test_a_second_reader_agrees(tmp_path: Path) -> None:
    for iso in small_media.mastered(small_media.MAKERS, tmp_path).values():
        with opened(iso) as source:
            medium = survey(source)
            mine, its = second_reader.ours(medium), second_reader.theirs(str(iso))
        assert list(second_reader.differences(mine, its)) == []
        assert min(len(mine.plain), len(mine.joliet)) > 8


def test_a_second_reader_that_stumbles_is_a_problem(remastered: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.iso").write_bytes(b"no ISO")
    with opened(remastered) as source:
        medium = survey(source)
        assert list(second_reader.problems(remastered, medium)) == []
        found = list(second_reader.problems(tmp_path / "bad.iso", medium))
    assert len(found) == 1
    assert found[0].startswith("A second reader, pycdlib, cannot read it: PyCdlibInvalidISO: ")


def test_what_boots_nothing_is_not_remastered(remastered: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.iso"
    content = bytearray(remastered.read_bytes())
    content[17 * SECTOR + 7] ^= 1
    bad.write_bytes(content)
    with pytest.raises(MediaError, match=r"bad\.iso would not boot: Firmware finds nothing"):
        change(bad)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.iso"]
