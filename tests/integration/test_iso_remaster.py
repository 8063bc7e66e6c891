"""Remastering small ISOs that genisoimage and xorriso made, judged by the field's own tools."""

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import small_media

from builder.errors import HostError, MediaError, UsageError
from builder.iso import bootloader, efi
from builder.iso.inspect import inspect
from builder.iso.remaster import remaster
from builder.iso.unattended import Unattended
from builder.model.media import InstallMedia, StagedIso
from builder.monitor import SilentMonitor

_MISSING = small_media.missing_tools()
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {_MISSING}")

_KICKSTART = "# Grüße\ntext\npoweroff\n" * 300
_ENTRY = Unattended(label=small_media.LABEL)
_MAKERS: dict[str, Callable[[Path, Path], Path]] = {
    "genisoimage": small_media.by_genisoimage,
    "xorriso": small_media.by_xorriso,
    "no-hybrid": partial(small_media.by_genisoimage, hybrid=False),
}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Return original and remastered ISO by maker."""
    folder = tmp_path_factory.mktemp("media")
    tree = small_media.plant(folder / "tree", files=400)
    pairs = {}
    for name, make in _MAKERS.items():
        original = make(tree, folder / f"{name}.iso")
        pairs[name] = (original, change(original).path)
    return pairs


@pytest.fixture(params=_MAKERS)
def pair(request: pytest.FixtureRequest, media: dict[str, tuple[Path, Path]]) -> tuple[Path, Path]:
    """Return one original and its remastered ISO."""
    return media[request.param]


def change(
    original: Path,
    kickstart: str = _KICKSTART,
    *,
    name: str = "",
    folder: str = ".",
    extra: tuple[str, ...] = (),
) -> InstallMedia:
    facts = inspect(original)
    staged = StagedIso(
        pool="iso",
        volume=original.name,
        path=original,
        sha256="0" * 64,
        size=facts.size,
        volume_id=facts.volume_id,
    )
    output = original.parent / folder / (name or f"{original.stem}-remastered.iso")
    return remaster(staged, kickstart, output=output, extra_args=extra, monitor=SilentMonitor())


def _boot_images(iso: Path) -> dict[str, int]:
    """Return the El Torito images' paths and sectors, by xorriso's word."""
    report = small_media.call("xorriso", "-indev", iso, "-report_el_torito", "plain")
    paths = re.findall(r"El Torito img path :\s+(\d+)\s+(\S+)", report)
    sectors = dict(re.findall(r"El Torito boot img :\s+(\d+)\s+.*\s(\d+)$", report, re.M))
    return {path: int(sectors[number]) for number, path in paths}


def test_only_the_menus_change(pair: tuple[Path, Path], tmp_path: Path) -> None:
    original, result = pair
    before = small_media.digests(original, tmp_path / "before")
    after = small_media.digests(result, tmp_path / "after")
    changed = {path for path in before if after.get(path) != before[path]}
    moved = _boot_images(original) != _boot_images(result)
    # Both hold sector numbers: the boot info table, and the catalogue itself.
    allowed = {"isolinux/isolinux.bin", "isolinux/boot.cat"} if moved else set()
    menus = {"isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg", "images/efiboot.img"}
    assert menus <= changed <= menus | allowed
    assert set(after) - set(before) == {"ks.cfg"}
    assert (tmp_path / "after/ks.cfg").read_text("utf-8") == _KICKSTART


def test_xorriso_extracts_what_bsdtar_does(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, result = pair
    by_bsdtar = small_media.digests(result, tmp_path / "bsdtar")
    small_media.call("xorriso", "-osirrox", "on", "-indev", result, "-extract", "/", tmp_path / "x")
    assert small_media.tree_digests(tmp_path / "x") == by_bsdtar


def test_menus_on_the_iso_and_in_its_efi_image_have_our_entry(pair: tuple[Path, Path]) -> None:
    _, result = pair
    uefi = next(each for each in inspect(result).boot_entries if each.platform == "uefi")
    inside = efi.read_menus(result, uefi.lba * 2048)
    shown = small_media.call("isoinfo", "-R", "-i", result, "-x", "/EFI/BOOT/grub.cfg")
    assert list(inside) == ["::/EFI/BOOT/grub.cfg"]
    assert inside["::/EFI/BOOT/grub.cfg"].decode() == shown
    assert _ENTRY.kickstart in shown
    assert _ENTRY.kickstart in small_media.call(
        "isoinfo", "-R", "-i", result, "-x", "/isolinux/isolinux.cfg"
    )


@pytest.mark.parametrize("names", ["-R", "-J"])
def test_kickstart_is_listed_under_every_kind_of_name(pair: tuple[Path, Path], names: str) -> None:
    original, result = pair
    listing = ["isoinfo", names, "-f", "-i"]
    before, after = (set(small_media.call(*listing, iso).split()) for iso in (original, result))
    assert after - before == {"/ks.cfg"}
    assert before <= after


def test_catalogue_boots_the_same_images(pair: tuple[Path, Path]) -> None:
    original, result = pair
    assert _boot_images(result).keys() == _boot_images(original).keys()
    assert set(_boot_images(result)) == {"/isolinux/isolinux.bin", "/images/efiboot.img"}
    facts = inspect(result)
    assert {f"/{each.path}": each.lba for each in facts.boot_entries} == _boot_images(result)
    assert [each.platform for each in facts.boot_entries] == ["bios", "uefi"]


@pytest.mark.parametrize("maker", ["genisoimage", "xorriso"])
def test_partition_tables_are_as_right_as_the_originals(
    maker: str, media: dict[str, tuple[Path, Path]]
) -> None:
    # sgdisk exits 2 for either: isohybrid's overlap is on purpose.
    before, after = (
        subprocess.run(["sgdisk", "-v", iso], capture_output=True, text=True, check=False).stdout
        for iso in media[maker]
    )
    # A "caution" is about the parity of a size, and no problem.
    assert _problems(after) == _problems(before)
    assert "CRC" not in after


def _problems(report: str) -> list[str]:
    return re.findall(r"^(?:Problem|Warning|Identified).*", report, re.M)


def test_partitions_point_at_the_efi_image_and_the_whole_volume(
    media: dict[str, tuple[Path, Path]],
) -> None:
    for name in ("genisoimage", "xorriso"):
        original, result = media[name]
        report = small_media.call("xorriso", "-indev", result, "-report_system_area", "plain")
        summary = re.findall(r"System area summary: (.*)", report)
        assert summary == ["MBR isohybrid cyl-align-on GPT"]
        paths = re.findall(r"(?:MBR|GPT) partition path :\s+(\d+)\s+(\S+)", report)
        assert paths == [("2", "/images/efiboot.img")] * 2
        whole = re.findall(r"MBR partition      :   1   0x80  0x00\s+0\s+(\d+)", report)
        assert int(whole[0]) * 512 == result.stat().st_size
        assert original.read_bytes()[:432] == result.read_bytes()[:432]


def test_same_inputs_make_the_same_bytes(pair: tuple[Path, Path]) -> None:
    original, result = pair
    again = change(original, name="again.iso").path
    assert again.read_bytes() == result.read_bytes()


def test_remastering_again_equals_once(pair: tuple[Path, Path]) -> None:
    original, result = pair
    other = change(original, "another\n", name="other.iso").path
    assert change(other, name="twice.iso").path.read_bytes() == result.read_bytes()


def test_remastering_again_forgets_the_arguments(pair: tuple[Path, Path], tmp_path: Path) -> None:
    original, result = pair
    other = change(original, "another\n", name="other.iso", extra=("nomodeset", "ip=dhcp")).path
    twice = small_media.digests(change(other, name="twice.iso").path, tmp_path / "twice")
    once = small_media.digests(result, tmp_path / "once")
    # The FAT file system keeps the end of the longer menu in its slack.
    assert {path for path in once if once[path] != twice.get(path)} == {"images/efiboot.img"}
    for image in (tmp_path / "once", tmp_path / "twice"):
        assert efi.read_menus(image / "images/efiboot.img", 0) == _menus_of(original)


def _menus_of(original: Path) -> dict[str, bytes]:
    menu = small_media.call("isoinfo", "-R", "-i", original, "-x", "/EFI/BOOT/grub.cfg")
    return {"::/EFI/BOOT/grub.cfg": bootloader.edit("grub.cfg", menu, _ENTRY).encode()}


def test_result_is_described_and_private(media: dict[str, tuple[Path, Path]]) -> None:
    original, _ = media["genisoimage"]
    made = change(original, name="described.iso")
    assert made == InstallMedia(
        path=original.with_name("described.iso"),
        volume_id=small_media.LABEL,
        kickstart_path="/ks.cfg",
        size=made.path.stat().st_size,
        source_sha256="0" * 64,
    )
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert inspect(made.path).volume_id == small_media.LABEL


def test_extra_arguments_reach_the_kernel_line(media: dict[str, tuple[Path, Path]]) -> None:
    original, _ = media["xorriso"]
    made = change(original, name="extra.iso", extra=("inst.text", "console=ttyS1"))
    menu = small_media.call("isoinfo", "-R", "-i", made.path, "-x", "/isolinux/isolinux.cfg")
    assert "ks.cfg inst.text console=ttyS1\n" in menu


@pytest.mark.parametrize("names", [("-J",), ("-R",), ()])
def test_iso_with_fewer_kinds_of_names(names: tuple[str, ...], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "isolinux").mkdir(parents=True)
    menu = "label linux\n  kernel vmlinuz\n  append initrd=initrd.img inst.stage2=x\n"
    (tree / "isolinux/isolinux.cfg").write_text(menu)
    iso = tmp_path / "plain.iso"
    small_media.call("genisoimage", "-quiet", "-V", "PLAIN", *names, "-o", iso, tree)
    result = change(iso).path
    path = "/ks.cfg" if names else "/KS.CFG;1"
    assert small_media.call("isoinfo", *names, "-i", result, "-x", path) == _KICKSTART


def _no_menu(tree: Path) -> None:
    shutil.rmtree(tree / "EFI")
    (tree / "isolinux/isolinux.cfg").unlink()


def _no_installer(tree: Path) -> None:
    (tree / "isolinux/isolinux.cfg").write_text("label local\n  localboot 0\n")


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
    media: dict[str, tuple[Path, Path]],
) -> None:
    original, _ = media["xorriso"]
    with pytest.raises(UsageError):
        change(original, name="unsafe.iso", extra=("a;b",))
    assert not original.with_name("unsafe.iso").exists()


def test_output_folder_that_is_missing(media: dict[str, tuple[Path, Path]]) -> None:
    original, _ = media["xorriso"]
    with pytest.raises(HostError, match="Cannot write to"):
        change(original, folder="missing")
