"""The same edits make the same bytes: again, over an earlier remaster, and as an overlay."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import small_media
from remastering import KICKSTART, WISHES, change, menus, problems

from builder.iso.patch import Patched
from builder.iso.source import opened
from builder.media.edits import Edits
from builder.media.remaster import planned

pytestmark = small_media.NEEDED

_ISOHYBRID = ("genisoimage", "no-pad", "isohybrid-no-pad", "mac")
_MAKERS = (*_ISOHYBRID, "xorriso", "xorriso-mac", "grub", "grub-no-pad")
_WISHES = {
    "small": WISHES,
    "large": Edits(kickstart=KICKSTART * 500),
    "summed": Edits(kickstart=KICKSTART, implant_md5=True),
    "dated": Edits(kickstart="", when=datetime(2020, 2, 29, 12, 0, 0, tzinfo=UTC)),
}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return an ISO by maker."""
    return small_media.mastered(_MAKERS, tmp_path_factory.mktemp("again"))


@pytest.fixture(params=_MAKERS)
def iso(request: pytest.FixtureRequest, media: dict[str, Path]) -> Path:
    """Return each ISO."""
    return media[request.param]


@pytest.fixture(params=_WISHES)
def edits(request: pytest.FixtureRequest) -> Edits:
    """Return some edits."""
    return _WISHES[request.param]


def test_twice_is_once(iso: Path, edits: Edits, tmp_path: Path) -> None:
    once = change(iso, edits, output=tmp_path / "once.iso").path
    assert change(iso, edits, output=tmp_path / "same.iso").path.read_bytes() == once.read_bytes()
    twice = change(once, edits, output=tmp_path / "twice.iso").path
    assert twice.read_bytes() == once.read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        Edits(kickstart="another\n"),
        Edits(kickstart="", append=("nomodeset", "ip=dhcp", "a=" + "b" * 600)),
        Edits(kickstart="", volume_id="Other Label"),
    ],
)
def test_what_was_before_does_not_matter(iso: Path, other: Edits, tmp_path: Path) -> None:
    between = change(iso, other, output=tmp_path / "between.iso").path
    label = small_media.GRUB_LABEL if "grub" in iso.name else small_media.LABEL
    edits = Edits(kickstart=KICKSTART, volume_id=label)
    once = change(iso, WISHES, output=tmp_path / "once.iso").path
    twice = change(between, edits, output=tmp_path / "twice.iso").path
    assert twice.stat().st_size == once.stat().st_size
    assert menus(twice) == menus(once)
    assert problems(twice) == ()
    if not other.append:
        assert twice.read_bytes() == once.read_bytes()


def test_a_large_kickstart_leaves_nothing_behind(iso: Path, tmp_path: Path) -> None:
    secret = Edits(kickstart="# rootpw hunter2\n" * 200_000)
    between = change(iso, secret, output=tmp_path / "between.iso").path
    twice = change(between, WISHES, output=tmp_path / "twice.iso").path
    assert b"hunter2" not in twice.read_bytes()
    assert problems(twice) == ()


def test_a_plan_is_what_gets_written(iso: Path, edits: Edits, tmp_path: Path) -> None:
    patch = planned(iso, edits)
    with opened(iso) as source:
        seen = Patched(source, patch).read(0, patch.size)
    written = change(iso, edits, output=tmp_path / "a.iso").path.read_bytes()
    if edits.implant_md5:
        assert seen[: 16 * 2048 + 883] == written[: 16 * 2048 + 883]
        assert seen[17 * 2048 :] == written[17 * 2048 :]
    else:
        assert seen == written


def test_only_what_is_needed_is_written(iso: Path) -> None:
    patch = planned(iso, Edits(kickstart="text\n"))
    moving = {"appended partition", "blank"}
    assert sum(each.length for each in patch.writes if each.title not in moving) < 150_000
    with opened(iso) as source:
        assert all(each.at + each.length <= patch.size for each in patch.writes)
        assert patch.size >= source.size


@pytest.mark.parametrize("kickstart", [KICKSTART, KICKSTART * 500])
def test_an_overlay_shows_the_same_bytes(iso: Path, kickstart: str, tmp_path: Path) -> None:
    edits = Edits(kickstart=kickstart)
    clone = change(iso, edits, output=tmp_path / "a.iso")
    made = change(iso, edits, output=tmp_path / "a.qcow2", overlay=True)
    again = change(iso, edits, output=tmp_path / "again.qcow2", overlay=True)
    assert again.path.read_bytes() == made.path.read_bytes()
    assert (made.format, clone.format) == ("qcow2", "raw")
    assert made.size == clone.size
    small_media.call("qemu-img", "check", made.path)
    small_media.call("qemu-img", "convert", "-O", "raw", made.path, tmp_path / "b.iso")
    assert (tmp_path / "b.iso").read_bytes() == clone.path.read_bytes()
    info = json.loads(small_media.call("qemu-img", "info", "--output=json", made.path))
    assert info["backing-filename"] == str(iso)
    assert info["backing-filename-format"] == "raw"
    assert info["virtual-size"] == clone.path.stat().st_size
    assert made.path.stat().st_mode & 0o777 == 0o600


def test_an_overlay_names_its_iso_absolutely(
    iso: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "Grüße und $ Leerzeichen.iso"
    os.link(iso, named)
    monkeypatch.chdir(tmp_path)
    made = change(Path(named.name), output=Path("a.qcow2"), overlay=True).path
    info = json.loads(small_media.call("qemu-img", "info", "--output=json", made))
    assert info["backing-filename"] == str(named)
    small_media.call("qemu-img", "convert", "-O", "raw", made, "b.iso")
    assert problems(Path("b.iso")) == ()
