"""Forms in which ISOs are made, however odd, are right: for our check and its second reader."""

from pathlib import Path

import pytest
import small_media
from remastering import change, problems
from small_media import BIOS, LABEL, UEFI

from builder.iso.source import opened
from builder.iso.survey import survey
from builder.media import check, second_reader

pytestmark = small_media.NEEDED

_ODD_NAMES = ("Ünïcödé-日本", "UPPER.TXT", "trailing.", "two..dots", "a b")
_GENISOIMAGE = ("genisoimage", "-quiet", "-R", "-V", LABEL)
_JOLIET = ("-J", "-joliet-long")
_XORRISO = ("xorriso", "-as", "mkisofs", "-quiet", "-r", "-V", LABEL)
_HYBRID = ("-isohybrid-mbr", "/usr/lib/ISOLINUX/isohdpfx.bin")
_HIDDEN = ("-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot")
_SECOND_BIOS = ("-eltorito-alt-boot", "-b", "images/efiboot.img", "-no-emul-boot")
_EFI = "{tree}/images/efiboot.img"
_FORMS: dict[str, tuple[str, ...]] = {
    "folders moved up": (*_GENISOIMAGE, *_JOLIET, *BIOS, *UEFI),
    "deep folders": (*_GENISOIMAGE, *_JOLIET, "-D", *BIOS, *UEFI),
    "rr_moved is hidden": (*_GENISOIMAGE, *_JOLIET, "-hide-rr-moved", *BIOS, *UEFI),
    "ISO 9660:1999": (*_XORRISO, "-iso-level", "4", *BIOS, *UEFI),
    "HFS before it": (*_GENISOIMAGE, "-hfs", *BIOS, *UEFI),
    "Apple's fields": (*_GENISOIMAGE, *_JOLIET, "-apple", *BIOS, *UEFI),
    "CD-ROM XA": (*_GENISOIMAGE, "-XA", *BIOS, *UEFI),
    "no Joliet": (*_XORRISO, *_HYBRID, *BIOS, *UEFI, "-isohybrid-gpt-basdat"),
    "no EFI partition": (*_XORRISO, *_JOLIET, *_HYBRID, *BIOS, *UEFI),
    "UEFI as a second BIOS": (*_GENISOIMAGE, *_JOLIET, *BIOS, *_SECOND_BIOS),
    "UEFI as a second BIOS, hybrid": (*_XORRISO, *_JOLIET, *_HYBRID, *BIOS, *_SECOND_BIOS),
    "BIOS alone": (*_XORRISO, *_HYBRID, *BIOS),
    "second view": (*_XORRISO, "-partition_offset", "16", *_HYBRID, *BIOS, *UEFI),
    "attributes": (*_XORRISO, "--xattr", "--acl", "--md5", *_HYBRID, *BIOS, *UEFI),
    "EFI partition of an MBR": (
        *_XORRISO, *BIOS, "-append_partition", "2", "0xef", _EFI, *_HIDDEN,
    ),
    "a partition behind": (
        *_XORRISO, *_HYBRID, *BIOS, *UEFI, "-isohybrid-gpt-basdat",
        "-append_partition", "3", "0x83", "{tree}/LiveOS/squashfs.img",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree with what trees may have."""
    made = small_media.plant(tmp_path_factory.mktemp("forms") / "tree", files=2)
    small_media.vary(made)
    for name in _ODD_NAMES:
        (made / name).write_text(name)
    return made


def wrong(iso: Path) -> list[str]:
    """Return what our check and its second reader have against an ISO, but for its missing sum."""
    with opened(iso) as source:
        medium = survey(source)
        found = [*check.problems(medium), *second_reader.problems(iso, medium)]
        assert check.notices(medium) == ()
    return [each for each in found if "offers a media check" not in each]


@pytest.mark.parametrize("form", _FORMS)
def test_it_is_right_before_and_after(form: str, tree: Path, tmp_path: Path) -> None:
    iso = tmp_path / "a.iso"
    small_media.call(*(each.format(tree=tree) for each in _FORMS[form]), "-o", iso, tree)
    assert wrong(iso) == []
    result = change(iso).path
    assert problems(result) == ()
    assert wrong(result) == []


def test_a_backup_by_xorriso_is_right(tree: Path, tmp_path: Path) -> None:
    """What it notes in records is announced beside Rock Ridge."""
    iso = tmp_path / "a.iso"
    code = "system_area=/usr/lib/ISOLINUX/isohdpfx.bin"
    boot = ("-boot_image", "isolinux", "dir=/isolinux", "-boot_image", "isolinux", code)
    uefi = ("-boot_image", "any", "efi_path=images/efiboot.img")
    names = ("-for_backup", "-outdev", iso, "-volid", LABEL, "-joliet", "on")
    small_media.call("xorriso", *names, "-map", tree, "/", *boot, *uefi, "-end")
    assert wrong(iso) == []
    assert wrong(change(iso).path) == []
