"""Remastering small ISOs as the family's are made, judged by the field's own tools."""

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pycdlib
import pytest
import small_media
from remastering import (
    KICKSTART,
    boot_images,
    change,
    efi_menus,
    gpt_problems,
    judge,
    menus,
    shown,
    system_area,
)

from builder.errors import HostError, MediaError, UsageError
from builder.media.edits import Edits
from builder.media.inspect import inspect
from builder.media.unattended import Unattended
from builder.model.media import InstallMedia

pytestmark = small_media.NEEDED

_ISOLINUX = {"isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg", "images/efiboot.img"}
_CHANGED = {
    "mac": {*_ISOLINUX, "images/macboot.img"},
    "grub": {"boot/grub2/grub.cfg", "EFI/BOOT/grub.cfg"},
}
_SUMMARIES = {
    "genisoimage": "MBR isohybrid cyl-align-on GPT",
    "no-hybrid": "",
    "mac": "MBR isohybrid cyl-align-on GPT APM",
    "xorriso": "MBR isohybrid cyl-align-on GPT",
    "grub": "MBR protective-msdos-label grub2-mbr cyl-align-off GPT",
}

Pair = tuple[str, Path, Path]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Return original and remastered ISO by maker."""
    originals = small_media.mastered(_SUMMARIES, tmp_path_factory.mktemp("media"), files=400)
    return {name: (original, change(original).path) for name, original in originals.items()}


@pytest.fixture(params=_SUMMARIES)
def pair(request: pytest.FixtureRequest, media: dict[str, tuple[Path, Path]]) -> Pair:
    """Return the name of a way to make media, an original and its remastered ISO."""
    return (request.param, *media[request.param])


def test_pycdlib_reads_the_kickstart(pair: Pair) -> None:
    _, _, result = pair
    iso = pycdlib.PyCdlib()
    iso.open(str(result))
    for names in ({"rr_path": "/ks.cfg"}, {"joliet_path": "/ks.cfg"}, {"iso_path": "/KS.CFG;1"}):
        content = io.BytesIO()
        iso.get_file_from_iso_fp(content, **names)
        assert content.getvalue() == KICKSTART.encode()
    iso.close()


def test_only_the_menus_change(pair: Pair, tmp_path: Path) -> None:
    name, original, result = pair
    # The EFI image of EL 10 moved, which its boot catalogue has to say.
    moved = {"boot.cat"} if boot_images(original) != boot_images(result) else set()
    assert judge(original, result, tmp_path) == _CHANGED.get(name, _ISOLINUX) | moved


def test_menus_on_the_iso_and_in_its_efi_image_have_our_entry(pair: Pair) -> None:
    name, original, result = pair
    label = small_media.GRUB_LABEL if name == "grub" else small_media.LABEL
    entry = Unattended(label=label)
    found = menus(result)
    assert len(found) == 2 + len(efi_menus(original))
    for text in found:
        assert entry.kickstart in text
        assert "rd.live.check" not in text


def test_catalogue_boots_the_same_images(pair: Pair) -> None:
    name, original, result = pair
    before, after = boot_images(original), boot_images(result)
    assert name == "grub" or after == before
    assert sorted(after.values()) == sorted(each.lba for each in inspect(result).boot_entries)


def test_system_area_is_of_the_same_kind(pair: Pair) -> None:
    name, original, result = pair
    before, after = system_area(original), system_area(result)
    assert "".join(re.findall(r"System area summary: (.*)", after)) == _SUMMARIES[name]
    for kept in (r"partition path .*", r"MBR (?:heads|secs) per .*", r"GPT disk GUID .*"):
        assert re.findall(kept, after) == re.findall(kept, before)
    assert original.read_bytes()[:432] == result.read_bytes()[:432]


@pytest.mark.parametrize("maker", ["genisoimage", "mac", "xorriso", "grub"])
def test_partition_tables_are_as_right_as_the_originals(
    maker: str, media: dict[str, tuple[Path, Path]]
) -> None:
    assert "CRC" not in "".join(gpt_problems(media[maker][1]))
    if shutil.which("fdisk"):
        listed = small_media.call("fdisk", "-l", media[maker][1])
        assert f"{media[maker][1].stat().st_size} bytes" in listed
        assert "corrupt" not in listed


def test_result_is_described_and_private(media: dict[str, tuple[Path, Path]]) -> None:
    original, _ = media["genisoimage"]
    output = original.with_name("described.iso")
    made = change(original, output=output)
    assert made == InstallMedia(
        path=output,
        format="raw",
        volume_id=small_media.LABEL,
        kickstart_path="/ks.cfg",
        size=output.stat().st_size,
    )
    assert output.stat().st_mode & 0o777 == 0o600
    assert inspect(output).volume_id == small_media.LABEL


def test_arguments_come_and_go(media: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    original, _ = media["xorriso"]
    edits = Edits(
        kickstart="", append=("inst.text", "console=ttyS1"), remove=("inst.stage2", "quiet")
    )
    made = change(original, edits, output=tmp_path / "extra.iso")
    menu = shown(made.path, "/isolinux/isolinux.cfg")
    line = next(line for line in menu.splitlines() if "inst.ks=" in line)
    assert line.endswith("ks.cfg inst.text console=ttyS1")
    assert "inst.stage2" not in line
    assert "inst.stage2" in menu


@pytest.mark.parametrize("names", [("-J",), ("-R",), (), ("-R", "-l"), ("-l", "-J")])
def test_iso_with_fewer_kinds_of_names(names: tuple[str, ...], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "isolinux").mkdir(parents=True)
    menu = "label linux\n  kernel vmlinuz\n  append initrd=initrd.img inst.stage2=x\n"
    (tree / "isolinux/isolinux.cfg").write_text(menu)
    loader = b"\xfa\xea\x6c\x7c".ljust(64, b"\0") + b"ISOLINUX " * 600
    (tree / "isolinux/isolinux.bin").write_bytes(loader)
    for name in ("vmlinuz", "initrd.img"):
        (tree / "isolinux" / name).write_bytes(name.encode())
    iso, boot = tmp_path / "plain.iso", small_media.BIOS
    small_media.call("genisoimage", "-quiet", "-V", "PLAIN", *names, *boot, "-o", iso, tree)
    result = change(iso).path
    readable = [each for each in names if each in {"-R", "-J"}]
    path = "/ks.cfg" if readable else "/KS.CFG;1"
    assert small_media.call("isoinfo", *readable, "-i", result, "-x", path) == KICKSTART


def _no_menu(tree: Path) -> None:
    (tree / "isolinux/isolinux.cfg").unlink()
    (tree / "EFI/BOOT/grub.cfg").unlink()
    small_media.efi_image(tree, tree / "images/efiboot.img")


def _no_installer(tree: Path) -> None:
    (tree / "isolinux/isolinux.cfg").write_text("label local\n  localboot 0\n")
    (tree / "EFI/BOOT/grub.cfg").write_text("menuentry a {\n chainloader +1\n}\n")
    small_media.efi_image(tree, tree / "images/efiboot.img")


def _no_fat(tree: Path) -> None:
    (tree / "images/efiboot.img").write_bytes(bytes(1 << 20))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_no_menu, "no boot menu that builder knows"),
        (_no_installer, "isolinux.cfg in the ISO has no entry that starts an installer"),
        (_no_fat, "is no FAT file system"),
    ],
)
def test_media_that_cannot_be_remastered_leave_nothing(
    spoil: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    tree = small_media.plant(tmp_path / "tree")
    spoil(tree)
    iso = small_media.by_genisoimage(tree, tmp_path / "a.iso")
    with pytest.raises(MediaError, match=reason):
        change(iso)
    assert {path.name for path in tmp_path.iterdir()} == {"tree", "a.iso"}


def test_unsafe_argument_is_refused_before_anything_is_written(
    media: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    original, _ = media["xorriso"]
    with pytest.raises(UsageError):
        change(original, Edits(kickstart="", append=("a;b",)), output=tmp_path / "unsafe.iso")
    assert list(tmp_path.iterdir()) == []


def test_output_folder_that_is_missing(media: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    original, _ = media["xorriso"]
    with pytest.raises(HostError, match="Cannot write to"):
        change(original, output=tmp_path / "missing/a.iso")
