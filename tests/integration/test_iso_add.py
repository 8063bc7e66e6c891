"""`--add`: what we write or firmware boots is not beaten; modes, links and folders stay."""

import hashlib
import os
import re
from pathlib import Path

import pytest
import small_media
from remastering import KICKSTART, change, extracted, shown

from builder.errors import ConfigError, MediaError, UsageError
from builder.iso.patch import IsoPatch
from builder.iso.plan import Changes, plan
from builder.iso.survey import Survey
from builder.media.edits import Edits

pytestmark = small_media.NEEDED

_LAYOUTS = ("genisoimage", "xorriso", "grub", "mac")
_SUMS = (
    "[checksums]\n{path} = sha256:{0}\nimages/pxeboot/vmlinuz = sha256:{0}\n"
    "images/pxeboot/initrd.img = sha256:{0}\n"
)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return an ISO of each layout."""
    return small_media.mastered(_LAYOUTS, tmp_path_factory.mktemp("add"))


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """Return a file to add."""
    path = tmp_path / "one"
    path.write_text("new\n")
    return path


@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("ks.cfg", "where the kickstart goes"),
        ("KS.CFG", "where the kickstart goes"),
        ("./ks.cfg", "where the kickstart goes"),
        ("//ks.cfg;1", "where the kickstart goes"),
        ("Ks.cfg./below", "where the kickstart goes"),
        ("isolinux/isolinux.cfg", "a boot menu"),
        ("ISOLINUX/./isolinux.cfg", "a boot menu"),
        ("boot/isolinux/isolinux.cfg", "a boot menu"),
        ("syslinux.cfg", "a boot menu"),
        ("EFI/BOOT/grub.cfg", "a boot menu"),
        ("efi/boot/BOOT.conf", "a boot menu"),
        ("boot/grub2/grub.cfg", "a boot menu"),
        ("boot/grub/grub.cfg", "a boot menu"),
        (".treeinfo", "the sums of what boots"),
        ("rr_moved/x", "nested too deep"),
        (".RR_MOVED", "nested too deep"),
        ("isolinux/isolinux.bin", "what firmware boots"),
        ("isolinux/boot.cat", "what firmware boots"),
        ("isolinux/LDLINUX.c32", "the other half of isolinux.bin"),
        ("images/efiboot.img", "what firmware boots"),
        ("Images/EFIboot.IMG;1", "what firmware boots"),
        ("images/macboot.img", "what firmware boots"),
        ("images/eltorito.img", "what firmware boots"),
        ("EFI/BOOT/BOOTX64.EFI", "what firmware boots"),
        ("EFI/BOOT/mmx64.efi", "what firmware boots"),
        ("EFI/boot/../BOOT/BOOTX64.EFI", "no place on the ISO"),
    ],
)
def test_a_place_that_is_taken(
    place: str, reason: str, layout: str, media: dict[str, Path], one: Path, tmp_path: Path
) -> None:
    edits = Edits(kickstart=KICKSTART, add=((one, place),))
    with pytest.raises(UsageError, match=reason) as caught:
        change(media[layout], edits, output=tmp_path / "a.iso")
    assert caught.value.hint
    assert not (tmp_path / "a.iso").exists()


def test_a_place_that_is_taken_by_what_is_in_a_folder(
    media: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "tree/pxeboot").mkdir(parents=True)
    (tmp_path / "tree/efiboot.img").write_text("x")
    edits = Edits(kickstart=KICKSTART, add=((tmp_path / "tree", "images"),))
    with pytest.raises(UsageError, match=r"as images/efiboot\.img: .* what firmware boots"):
        change(media["xorriso"], edits)
    elsewhere = Edits(kickstart=KICKSTART, add=((tmp_path / "tree", "repo/images"),))
    change(media["xorriso"], elsewhere, output=tmp_path / "b.iso")


def test_a_boot_image_of_another_name_is_known_by_its_place(one: Path, tmp_path: Path) -> None:
    tree = small_media.plant(tmp_path / "tree")
    (tree / "images/efiboot.img").rename(tree / "images/firmware.fat")
    iso, uefi = tmp_path / "a.iso", ("-eltorito-alt-boot", "-e", "images/firmware.fat")
    names = ("-quiet", "-V", small_media.LABEL, "-R", "-J", *small_media.BIOS)
    small_media.call("genisoimage", *names, *uefi, "-no-emul-boot", "-o", iso, tree)
    with pytest.raises(UsageError, match="what firmware boots"):
        change(iso, Edits(kickstart="", add=((one, "IMAGES/firmware.FAT"),)))


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_modes_links_and_empty_folders(layout: str, media: dict[str, Path], tmp_path: Path) -> None:
    repo, real = tmp_path / "repo", tmp_path / "real"
    (repo / "empty/er").mkdir(parents=True)
    real.mkdir()
    (real / "a.rpm").write_text("package")
    (repo / "Packages").symlink_to("../real")
    modes = {"run.sh": 0o755, "secret": 0o600, "shared": 0o664, "empty": 0o750, "empty/er": 0o700}
    for name, mode in modes.items():
        if not (repo / name).is_dir():
            (repo / name).write_text(name)
        (repo / name).chmod(mode)
    edits = Edits(kickstart="", add=((repo, "extra/repo"), (repo / "run.sh", ".discinfo")))
    made = change(media[layout], edits, output=tmp_path / "a.iso")
    assert made.added == (5, 4)
    after = tmp_path / "after"
    extracted_files = extracted(made.path, tmp_path / "xorriso")
    after.mkdir()
    small_media.call("bsdtar", "-x", "-p", "-f", made.path, "-C", after)
    found = {name: (after / "extra/repo" / name).stat().st_mode & 0o7777 for name in modes}
    assert found == modes
    assert (after / ".discinfo").stat().st_mode & 0o7777 == 0o755
    assert (after / "extra").stat().st_mode & 0o7777 == 0o555
    assert (after / "extra/repo/Packages/a.rpm").read_text() == "package"
    assert "extra/repo/Packages/a.rpm" in extracted_files
    listing = small_media.call("isoinfo", "-J", "-f", "-i", made.path)
    assert "/extra/repo/empty/er\n" in listing


def test_the_sums_of_what_is_replaced_follow(one: Path, tmp_path: Path) -> None:
    tree = small_media.plant(tmp_path / "tree")
    with (tree / ".treeinfo").open("a") as file:
        file.write(_SUMS.format("0" * 64, path="LiveOS/squashfs.img"))
    iso = small_media.by_xorriso(tree, tmp_path / "a.iso")
    edits = Edits(kickstart="", add=((one, "images/pxeboot/initrd.img"),))
    text = shown(change(iso, edits).path, "/.treeinfo")
    digest = hashlib.sha256(b"new\n").hexdigest()
    assert re.findall(r"^(\S+) = sha256:(?!0{64})(\w+)$", text, re.M) == [
        ("images/pxeboot/initrd.img", digest)
    ]


def test_a_link_on_the_iso_is_not_replaced(one: Path, tmp_path: Path) -> None:
    tree = small_media.plant(tmp_path / "tree")
    (tree / "link").symlink_to("LiveOS/squashfs.img")
    iso = small_media.by_xorriso(tree, tmp_path / "a.iso")
    with pytest.raises(MediaError, match="link on the ISO cannot be replaced"):
        change(iso, Edits(kickstart="", add=((one, "link"),)))
    with pytest.raises(MediaError, match="link on the ISO is a file or a link: nothing can be put"):
        change(iso, Edits(kickstart="", add=((one, "link/one"),)))


def test_names_that_differ_in_case_alone_need_rock_ridge(
    media: dict[str, Path], one: Path, tmp_path: Path
) -> None:
    edits = Edits(kickstart="", add=((one, "x/a"), (one, "x/A")))
    change(media["genisoimage"], edits, output=tmp_path / "a.iso")
    iso = tmp_path / "joliet.iso"
    names = ("-quiet", "-V", small_media.LABEL, "-J", *small_media.BIOS)
    small_media.call("genisoimage", *names, "-o", iso, small_media.plant(tmp_path / "tree"))
    with pytest.raises(UsageError, match="x/a and x/A are one name on the ISO"):
        change(iso, edits)


@pytest.mark.parametrize("content", ["longer than before\n", "x", "old\n"])
@pytest.mark.parametrize("overlay", [False, True])
def test_a_file_that_changes_meanwhile_is_refused(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, overlay: bool
) -> None:
    iso, one = small_media.el7(tmp_path), tmp_path / "one"
    one.write_text("new\n")

    def planned_then_written(medium: Survey, wanted: Changes) -> IsoPatch:
        found = plan(medium, wanted)
        one.write_text(content)
        os.utime(one, ns=(1, 1))
        return found

    monkeypatch.setattr("builder.media.remaster.plan", planned_then_written)
    with pytest.raises((ConfigError, MediaError), match=r"one (changed while|became shorter)"):
        change(iso, Edits(kickstart="", add=((one, "one"),)), overlay=overlay)
    assert not list(tmp_path.glob("*remastered*"))
