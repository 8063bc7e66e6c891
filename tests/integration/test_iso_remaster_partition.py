"""EL 10 media hold their volume twice: the second one is seen from the first partition."""

import re
from pathlib import Path

import pytest
import small_media
from remastering import (
    KICKSTART,
    boot_images,
    change,
    efi_menus,
    extracted,
    judge,
    shown,
    system_area,
)

from builder.media.edits import Edits

pytestmark = small_media.NEEDED

_BIG = KICKSTART * 500
_WAYS = {
    "padded": ("grub", KICKSTART),
    "more than the padding": ("grub", _BIG),
    "not padded": ("grub-no-pad", KICKSTART),
    "not padded at all": ("grub-no-pad", _BIG),
}


@pytest.fixture(scope="module", params=_WAYS)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, str]:
    """Return an original, its remastered ISO and the kickstart on it."""
    maker, kickstart = _WAYS[request.param]
    original = small_media.mastered([maker], tmp_path_factory.mktemp("partition"))[maker]
    return original, change(original, Edits(kickstart=kickstart)).path, kickstart


def _cut(iso: Path, number: int, folder: Path) -> Path:
    """Return what the partition holds, as a file of its own."""
    found = re.search(rf"GPT start and size :\s+{number}\s+(\d+)\s+(\d+)", system_area(iso))
    assert found
    start, count = int(found[1]), int(found[2])
    part = folder / f"{iso.stem}-{number}.img"
    part.write_bytes(iso.read_bytes()[start * 512 :][: count * 512])
    return part


def test_the_partition_is_the_same_iso(case: tuple[Path, Path, str], tmp_path: Path) -> None:
    _, result, kickstart = case
    part = _cut(result, 1, tmp_path)
    whole = extracted(result, tmp_path / "whole")
    assert extracted(part, tmp_path / "part") == whole
    assert small_media.digests(part, tmp_path / "bsdtar") == whole
    for names in ("-R", "-J"):
        assert shown(part, "/ks.cfg", names) == kickstart
        for menu in ("/boot/grub2/grub.cfg", "/EFI/BOOT/grub.cfg"):
            assert shown(part, menu, names) == shown(result, menu)


def test_only_the_menus_change(case: tuple[Path, Path, str], tmp_path: Path) -> None:
    original, result, kickstart = case
    changed = judge(original, result, tmp_path, kickstart)
    assert changed - {"boot.cat"} == {"boot/grub2/grub.cfg", "EFI/BOOT/grub.cfg"}


def test_the_second_partition_is_what_uefi_boots(
    case: tuple[Path, Path, str], tmp_path: Path
) -> None:
    original, result, _ = case
    part = _cut(result, 2, tmp_path)
    small_media.call("fsck.vfat", "-n", part)
    menu = small_media.call("mtype", "-i", part, "::/EFI/BOOT/grub.cfg")
    assert [menu] == efi_menus(result)
    assert part.stat().st_size == _cut(original, 2, tmp_path).stat().st_size
    found = re.search(r"GPT start and size :\s+2\s+(\d+)", system_area(result))
    assert found
    assert boot_images(result)["UEFI"] * 4 == int(found[1])


def test_tables_are_right_and_alike(case: tuple[Path, Path, str]) -> None:
    original, result, _ = case
    before, after = system_area(original), system_area(result)
    for kept in (r"GPT (?:disk|partition) GUID.*", r"GPT type GUID.*", r"GPT partition flags.*"):
        assert re.findall(kept, after) == re.findall(kept, before)
    assert result.stat().st_size % 2048 == 0
    protective = re.search(r"MBR partition      :   1   0x00  0xee +1 +(\d+)", after)
    assert protective
    assert (int(protective[1]) + 1) * 512 == result.stat().st_size
