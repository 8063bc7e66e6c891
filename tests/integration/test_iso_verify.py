"""What publishers make is right; what firmware, a kernel or a boot loader stumbles over is not."""

import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import small_media
from remastering import WISHES, change, gpt_problems, problems

from builder.errors import MediaError
from builder.iso import boot_check, descriptors, eltorito
from builder.iso.source import SECTOR, Memory, opened
from builder.iso.survey import Survey, survey
from builder.iso.tree import Finder, Tree, read_directory
from builder.media import check, second_reader
from builder.media.edits import Edits
from builder.media.inspect import inspect
from builder.media.remaster import remaster
from tests.monitors import Heard

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
    result = change(dvd).path
    assert problems(result) == ()
    assert "CRC" not in "".join(gpt_problems(result))


@pytest.mark.parametrize("maker", ["xorriso", "grub"])
def test_a_session_follows_what_is_copied_from_it(maker: str, tmp_path: Path) -> None:
    """isolinux reads the root directory that the session's own descriptor names."""
    dvd = composed(small_media.mastered([maker], tmp_path)[maker], tmp_path)
    for number in range(30):
        (tmp_path / f"a file with a rather long name {number:03}").touch()
    more = tuple((each, each.name) for each in sorted(tmp_path.glob("a file*")))
    before, after = (
        survey_of(each)
        for each in (dvd, change(dvd, Edits(kickstart="text\n", add=more, volume_id="NEW")).path)
    )
    assert [each.descriptor.copies for each in after] == [each.descriptor.copies for each in before]
    for old, new in zip(before, after, strict=True):
        assert new.descriptor.root.extent != old.descriptor.root.extent
        assert len(new.descriptor.copies) == 1
    result = dvd.with_name(f"{dvd.stem}-remastered.iso")
    assert problems(result) == ()
    said = small_media.call("xorriso", "-indev", result, "-toc")
    assert "boot_info_table=on" in said
    assert re.search(r"ISO session .*, NEW\n", said)


def survey_of(iso: Path) -> tuple[Tree, ...]:
    """Return the trees of an ISO."""
    with opened(iso) as source:
        return survey(source).trees


def test_grub_knows_where_it_is(tmp_path: Path) -> None:
    """GRUB's own image has a table as well, and is told of its second sector besides."""
    tree = small_media.plant_grub(tmp_path / "tree")
    image = tree / "images/eltorito.img"
    program = ("grub-mkimage", "-O", "i386-pc-eltorito", "-p", "/boot/grub2", "-o", image)
    small_media.call(*program, "iso9660", "biosdisk", "normal", "search", "configfile")
    iso = small_media.by_grub(tree, tmp_path / "grub.iso")
    dvd = composed(iso, tmp_path)
    results = change(iso).path, change(dvd).path
    for each in (iso, dvd, *results):
        with opened(each) as source:
            medium = survey(source)
            assert boot_check.own_length(source, medium.images[0]) == image.stat().st_size
    assert [problems(each) for each in results] == [(), ()]


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


def _end(medium: Survey) -> int:
    *_, (last, _) = descriptors.raw_descriptors(medium.source)
    return (last + 1) * SECTOR


def _parent(medium: Survey) -> int:
    """Return where a directory of the root has its second record."""
    inside = read_directory(medium.source, medium.primary, medium.primary.descriptor.root)
    extent = inside.listing.directories[0].extent
    return extent * SECTOR + medium.source.read(extent * SECTOR, 1)[0]


def _file(medium: Survey) -> int:
    found = Finder(medium.source, medium.primary).find(".discinfo")
    assert found is not None
    return found.directory * SECTOR + found.record.at


def _root(medium: Survey) -> int:
    return medium.primary.descriptor.root.extent * SECTOR


def _announced(medium: Survey) -> int:
    """Return where the root directory's own record says that there is more of Rock Ridge."""
    return _root(medium) + medium.source.read(_root(medium), 255).index(b"CE\x1c\1")


_DAMAGES: dict[str, tuple[Place, int, bytes, str]] = {
    "boot record": (_record, 7, b"\x11", "nothing to boot"),
    "default entry": (_default, 0, b"\x44", "default entry is not bootable"),
    "load segment": (_default, 2, b"\x10\x20", "loaded to segment 2010"),
    "platform": (_default, 33, b"\2", "for platform 2 is a FAT file system"),
    "section": (_default, 32, b"\x90\xef\xff\xff", "announces 65535 entries"),
    "isolinux's own sector": (_loader, 12, b"\0\0\0\0", "wrong sector"),
    "isolinux's checksum": (_loader, 5000, b"?!", "wrong length or checksum"),
    "isolinux's length": (_loader, 16, b"\xff\x97", "bytes, and is told of"),
    "GPT's checksum": (lambda _: 512, 16, b"?!?!", "primary GPT header has a wrong CRC"),
    "GPT's entries": (lambda _: 512, 80, struct.pack("<I", 1 << 30), "primary GPT makes no sense"),
    "FAT's kind of disk": (_fat, 21, b"\1", "no FAT file system that fits"),
    "FAT's length": (_fat, 19, b"\xff\xff", "no FAT file system that fits"),
    "FAT's state": (_fat, 37, b"\1", "was not written to its end"),
    "number of FATs": (_fat, 16, b"\1", "in its folder /"),
    "a FAT": (_fat, 512 + 6, b"\2\0", "its file /EFI/BOOT/BOOTX64.EFI"),
    "a FAT's copy": (_fat, 2048 + 1500, b"??", "its allocation tables differ"),
    "half a number": (_descriptor, 85, b"\1", "halves of a number in the volume descriptor"),
    "descriptor's version": (_descriptor, 881, b"\7", "of an unknown version"),
    "half a record": (_root, 7, b"\1", "the two halves of a number differ"),
    "an area's length": (_announced, 20, b"\0\0\0\x80", "two halves of a number differ"),
    "an area": (_announced, 4, b"\0\0\0\x10\x10\0\0\0", "goes on where none is"),
    "boot code's image": (lambda _: 432, 0, b"\1", "starts what is at block"),
    "Joliet's type": (lambda _: 18 * SECTOR, 0, b"\0", "of a kind that nobody knows"),
    "Joliet's version": (lambda _: 18 * SECTOR, 6, b"\2", "of an unknown version"),
    "a descriptor's rest": (_descriptor, 95, b"\1", "something where nothing may be"),
    "a descriptor's end": (_end, 6, b"\0", "What ends the volume descriptors"),
    "behind a descriptor's end": (_end, 2047, b"\1", "What ends the volume descriptors"),
    "a parent's length": (_parent, 10, b"\0\x18\0\0\0\0\x18\0", "another length of its parent"),
    "a file's place": (_file, 2, b"\3\0\0\0\0\0\0\3", "have a file in two places"),
    "a file's length": (_file, 10, b"\0\1\0\0\0\0\1\0", "or with two lengths"),
    "MBR's last entry": (lambda _: 494, 4, b"\x83", "entry 4 makes no sense"),
    "MBR's EFI partition": (lambda _: 462, 8, b"\x10", "MBR partition 2 is none of the GPT's"),
    "sector of the loader": (_default, 8, b"\x20\1", "no file or partition begins there"),
    "the active partition": (lambda _: 446, 0, b"\0", "marked as the one to boot"),
    "what boots as a disk": (lambda _: 458, 0, b"\0\x10\0\0", "1 ends before the volume in it"),
    "GPT": (lambda _: 512, 0, b"EFI FART", "its backup is left"),
}


def damaged(iso: Path, what: str, folder: Path) -> Path:
    """Return a copy of the ISO with one of the damages."""
    place, offset, damage, _ = _DAMAGES[what]
    with opened(iso) as source:
        at = place(survey(source)) + offset
    content = bytearray(iso.read_bytes())
    content[at : at + len(damage)] = damage
    (bad := folder / "bad.iso").write_bytes(content)
    return bad


@pytest.mark.parametrize("what", _DAMAGES)
def test_damage_that_a_reader_shrugs_at(what: str, remastered: Path, tmp_path: Path) -> None:
    found = problems(damaged(remastered, what, tmp_path))
    assert any(_DAMAGES[what][3] in each for each in found), found


@pytest.mark.parametrize("damage", [b"\0CD001", b"\1XX001", b"nothing"])
def test_a_volume_in_a_partition_begins_there(damage: bytes, tmp_path: Path) -> None:
    iso = change(small_media.mastered(["grub"], tmp_path)["grub"]).path
    content = bytearray(iso.read_bytes())
    content[32 * SECTOR : 32 * SECTOR + len(damage)] = damage
    iso.write_bytes(content)
    assert "A partition begins at sector 16 with a volume that has no beginning." in problems(iso)


def test_a_boot_image_that_was_replaced_in_the_tree_alone_is_told(tmp_path: Path) -> None:
    """xorriso maps a new file, and keeps the old catalogue and partitions."""
    iso = small_media.by_xorriso(small_media.plant(tmp_path / "tree"), tmp_path / "a.iso")
    programs = tmp_path / "tree/EFI/BOOT"
    said: list[tuple[str, ...]] = []
    sector = inspect(iso).boot_entries[1].lba
    for name in ("grub.cfg", "BOOTX64.EFI"):
        (programs / name).write_bytes(b"another of the name")
        image = small_media.efi_image(tmp_path / "tree", tmp_path / "image")
        made = Path(shutil.copy(iso, tmp_path / f"{name}.iso"))
        ways = ("-boot_image", "any", "keep", "-rm", "/images/efiboot.img", "--")
        small_media.call("xorriso", "-dev", made, *ways, "-map", image, "/images/efiboot.img")
        with opened(made) as source:
            medium = survey(source)
            assert medium.file("images/efiboot.img")
            said.append(check.notices(medium))
    assert said == [
        (),
        (f"images/efiboot.img is not what firmware boots: that is at sector {sector}.",),
    ]


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


@pytest.mark.parametrize("what", ["an area", "an area's length", "half a record", "half a number"])
def test_a_kernel_s_way_to_the_kickstart_is_no_inherited_fault(
    what: str, remastered: Path, tmp_path: Path
) -> None:
    bad = damaged(remastered, what, tmp_path)
    with pytest.raises(MediaError, match="The remastered ISO is wrong: "):
        change(bad)
    assert list(tmp_path.iterdir()) == [bad]


def test_other_faults_of_the_original_are_told(remastered: Path, tmp_path: Path) -> None:
    bad, monitor = damaged(remastered, "GPT's checksum", tmp_path), Heard()
    result = remaster(bad, WISHES, output=tmp_path / "out.iso", monitor=monitor).path
    told = [text for kind, text, _ in monitor.told if kind == "warning"]
    fault = "The primary GPT header has a wrong CRC."
    assert told == [f"It is not right, as the original was not: {fault}"]
    assert problems(result) == (fault,)


@pytest.mark.parametrize("code", [bytes(440), bytes(8), b"none of ours", b"\xff" * 16])
def test_a_disk_without_boot_code_is_none_for_bios(code: bytes, remastered: Path) -> None:
    content = code + remastered.read_bytes()[len(code) :]
    assert list(check.usb_problems(survey(Memory(content)))) == [
        "Its master boot record has no boot code for BIOS."
    ]
    assert list(check.usb_problems(survey(Memory(remastered.read_bytes())))) == []
