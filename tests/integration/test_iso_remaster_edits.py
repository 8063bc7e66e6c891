"""What else a remaster may add or change: files, the label, the media check's sum."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import small_media
from remastering import (
    KICKSTART,
    WISHES,
    change,
    efi_menus,
    extracted,
    gpt_problems,
    menus,
    problems,
    shown,
)

from builder.errors import BuilderError, ConfigError, MediaError, UsageError
from builder.media.edits import Edits
from builder.media.inspect import inspect

pytestmark = small_media.NEEDED

_FIELD = slice(16 * 2048 + 883, 16 * 2048 + 883 + 512)
_LAYOUTS = ("genisoimage", "xorriso", "grub")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return an ISO of each layout."""
    return small_media.mastered(_LAYOUTS, tmp_path_factory.mktemp("edits"))


@pytest.fixture(params=_LAYOUTS)
def original(request: pytest.FixtureRequest, media: dict[str, Path]) -> Path:
    """Return each of them."""
    return media[request.param]


def _repository(folder: Path) -> Path:
    """Make a folder as awkward as people's are."""
    for name in ("Packages/a", "Packages/ü", ".hidden", "empty-folder", "deep/er/and/deep/er"):
        (folder / name).mkdir(parents=True)
    for number in range(500):
        name = f"a-package-whose-name-is-really-very-long-indeed-{number:04}-1.0-1.el7.noarch.rpm"
        (folder / "Packages/a" / name).write_bytes(b"%d" % number * 100)
    (folder / ".hidden/.file").write_text("hidden")
    (folder / "Packages/ü/Grüße aus Köln ❤.txt").write_text("unicode")
    (folder / "deep/er/and/deep/er/treasure").write_text("deep")
    (folder / "empty").write_bytes(b"")
    for sectors in (1, 2, 3):
        (folder / f"{sectors} sectors").write_bytes(bytes([sectors]) * 2048 * sectors)
    (folder / f"{'n' * 99}.rpm").write_text("the longest name that Joliet takes")
    (folder / "no.dots.at.all").write_text("dots")
    (folder / "UPPER").write_text("upper")
    (folder / "upper").write_text("lower")
    return folder


def test_a_repository_is_added(original: Path, tmp_path: Path) -> None:
    repository = _repository(tmp_path / "repository")
    edits = Edits(kickstart=KICKSTART, add=((repository, "extra/repo"),))
    result = change(original, edits, output=tmp_path / "a.iso").path
    added = {
        f"extra/repo/{path}": digest
        for path, digest in small_media.tree_digests(repository).items()
    }
    before, after = extracted(original, tmp_path / "before"), extracted(result, tmp_path / "after")
    assert after.keys() == before.keys() | added.keys() | {"ks.cfg"}
    assert {path: after[path] for path in added} == added
    assert small_media.digests(result, tmp_path / "bsdtar") == after
    assert problems(result) == ()
    assert gpt_problems(result) == gpt_problems(original)
    listings = [small_media.call("isoinfo", each, "-f", "-i", result) for each in ("-R", "-J")]
    assert all(listing.count("/extra/repo/Packages/a/a-package") == 500 for listing in listings)
    again = change(result, edits, output=tmp_path / "again.iso").path
    assert again.read_bytes() == result.read_bytes()


def test_files_are_replaced_and_join_others(original: Path, tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text("new\n")
    places = (".discinfo", "images/pxeboot/initrd.img", "images/updates.img", "new")
    edits = Edits(kickstart="", add=tuple((one, place) for place in places))
    result = change(original, edits, output=tmp_path / "a.iso").path
    before, after = extracted(original, tmp_path / "before"), extracted(result, tmp_path / "after")
    assert {after[place] for place in places} == {hashlib.sha256(b"new\n").hexdigest()}
    assert after.keys() == before.keys() | {"images/updates.img", "new", "ks.cfg"}
    assert after["ks.cfg"] == hashlib.sha256(b"").hexdigest()
    assert small_media.digests(result, tmp_path / "bsdtar") == after


def _file(path: Path) -> None:
    path.write_text("x")


def _missing(_path: Path) -> None:
    pass


def _folder_of(name: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.mkdir()
        (path / os.fsdecode(name)).write_text("x")

    return make


@pytest.mark.parametrize(
    ("make", "places", "kind", "reason"),
    [
        (_file, (".discinfo/below",), MediaError, "a file or a link: nothing can be put below it"),
        (_file, ("a", "a/b"), MediaError, "a on the ISO is a file"),
        (_file, ("a/b", "a"), MediaError, "a on the ISO cannot be replaced: it is a directory"),
        (_file, ("images",), MediaError, "images on the ISO cannot be replaced"),
        (_file, ("../x",), UsageError, "is no place on the ISO"),
        (_file, ("a/../../x",), UsageError, "is no place on the ISO"),
        (_file, ("/",), UsageError, "is no place on the ISO"),
        (_file, ("",), UsageError, "is no place on the ISO"),
        (_file, ("x/",), UsageError, "'x/' is a folder's name, and .*/one is a file"),
        (_missing, ("x",), ConfigError, "There is nothing to add at"),
        (os.mkfifo, ("x",), ConfigError, "one cannot be added: it is a pipe"),
        (_file, ("x" * 300,), BuilderError, "too long"),
        (_folder_of(b"\xff\xfe"), ("x",), UsageError, "is no name in UTF-8"),
        (_folder_of(b"n" * 130), ("x",), BuilderError, "too long"),
        (_folder_of("❤".encode() * 60), ("x",), BuilderError, "too long"),
        (_folder_of("😀".encode() * 60), ("x",), BuilderError, "too long"),
    ],
)
def test_additions_that_cannot_be(
    make: Callable[[Path], None],
    places: tuple[str, ...],
    kind: type[BuilderError],
    reason: str,
    media: dict[str, Path],
    tmp_path: Path,
) -> None:
    make(tmp_path / "one")
    edits = Edits(kickstart="", add=tuple((tmp_path / "one", place) for place in places))
    (tmp_path / "out").mkdir()
    with pytest.raises(kind, match=reason) as caught:
        change(media["genisoimage"], edits, output=tmp_path / "out/a.iso")
    assert caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []


def test_an_addition_that_no_file_can_be(media: dict[str, Path], tmp_path: Path) -> None:
    edits = Edits(kickstart="", add=((Path("x" * 300), "x"),))
    with pytest.raises(ConfigError, match="File name too long"):
        change(media["genisoimage"], edits, output=tmp_path / "a.iso")


@pytest.mark.parametrize("sectors", [0, 1, 20, 77, 4000])
def test_the_sum_is_isomd5sums(sectors: int, original: Path, tmp_path: Path) -> None:
    edits = Edits(kickstart="#" * 2048 * sectors, implant_md5=True)
    result = change(original, edits, output=tmp_path / "a.iso").path
    small_media.call("checkisomd5", result)
    ours = result.read_bytes()
    small_media.call("implantisomd5", "--force", result)
    assert result.read_bytes()[_FIELD] == ours[_FIELD]
    assert problems(result) == ()
    assert "rd.live.check" in shown(result, "/EFI/BOOT/grub.cfg")


def test_without_it_an_old_sum_goes_and_the_check_with_it(original: Path, tmp_path: Path) -> None:
    summed = tmp_path / "summed.iso"
    summed.write_bytes(original.read_bytes())
    small_media.call("implantisomd5", summed)
    result = change(summed, output=tmp_path / "a.iso").path
    assert result.read_bytes()[_FIELD] == b" " * 512
    plain = change(original, output=tmp_path / "b.iso").path
    assert result.read_bytes()[: _FIELD.start] == plain.read_bytes()[: _FIELD.start]
    assert result.read_bytes()[_FIELD.stop :] == plain.read_bytes()[_FIELD.stop :]
    assert all("rd.live.check" not in menu for menu in menus(result))


@pytest.mark.parametrize("label", ["Mine", "My own 7", "a.b-c_d+e", "X" * 32, "O L-7.9 S"])
def test_every_menu_knows_the_new_label(label: str, original: Path, tmp_path: Path) -> None:
    made = change(original, Edits(kickstart="", volume_id=label), output=tmp_path / "a.iso")
    assert made.volume_id == inspect(made.path).volume_id == label
    assert f"Volume id: {label}\n" in small_media.call("isoinfo", "-d", "-i", made.path)
    old, escaped = inspect(original).volume_id, label.replace(" ", r"\x20")
    grub = [shown(made.path, "/EFI/BOOT/grub.cfg"), *efi_menus(made.path)]
    for menu in menus(made.path):
        assert f"inst.ks=hd:LABEL={escaped}:/ks.cfg" in menu
        assert menu.count(f"LABEL={escaped}") == menu.count("LABEL=")
        assert f"LABEL={old}" not in menu
        assert f"LABEL={old.replace(' ', chr(92) + 'x20')}" not in menu
    assert all(f"--set=root -l '{label}'\n" in menu for menu in grub)
    assert problems(made.path) == ()
    back = change(made.path, Edits(kickstart="", volume_id=old), output=tmp_path / "b.iso")
    assert back.volume_id == old
    plain = change(original, Edits(kickstart=""), output=tmp_path / "c.iso")
    assert menus(back.path) == menus(plain.path)


@pytest.mark.parametrize(
    "label", ["X" * 33, "Grüße", "a/b", "a\nb", "a'b", "$x", '"', "a\\b", "\0"]
)
def test_labels_that_cannot_be(label: str, media: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be a volume id") as caught:
        change(media["xorriso"], Edits(kickstart="", volume_id=label), output=tmp_path / "a.iso")
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_an_overlay_has_no_sum(media: dict[str, Path], tmp_path: Path) -> None:
    edits = Edits(kickstart="", implant_md5=True)
    with pytest.raises(UsageError, match="no implanted sum"):
        change(media["xorriso"], edits, output=tmp_path / "a.qcow2", overlay=True)
    assert list(tmp_path.iterdir()) == []
    made = change(media["xorriso"], WISHES, output=tmp_path / "a.qcow2", overlay=True)
    assert made.path.exists()
