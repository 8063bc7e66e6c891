"""Media whose files have a view that we cannot write: told by inspect, refused by a remaster."""

import subprocess
from pathlib import Path

import pytest
import small_media
from remastering import change

from builder.errors import MediaError
from builder.media.inspect import inspect

pytestmark = small_media.NEEDED


def _hybrid(tree: Path, iso: Path, *more: str) -> Path:
    argv = ("-quiet", *more, "-R", "-J", "-V", small_media.LABEL, *small_media.BIOS)
    small_media.call("xorriso", "-as", "mkisofs", *argv, *small_media.UEFI, "-o", iso, tree)
    return iso


def _blkid(*argv: str | Path) -> str:
    done = subprocess.run(["blkid", "-p", *argv], capture_output=True, text=True, check=False)
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return the files of an EL 7 medium."""
    return small_media.plant(tmp_path / "tree")


def test_a_udf_bridge_is_left_alone(tree: Path, tmp_path: Path) -> None:
    iso = small_media.by_genisoimage(tree, tmp_path / "udf.iso", hybrid=False, more=("-udf",))
    assert 'TYPE="udf"' in _blkid(iso)
    assert inspect(iso).names == ("Rock Ridge", "Joliet", "UDF")
    with pytest.raises(MediaError, match=r"holds its files as UDF as well") as caught:
        change(iso)
    assert "--oemdrv" in caught.value.hint
    assert not (tmp_path / "udf-remastered.iso").exists()


def test_an_apple_hybrid_is_left_alone(tree: Path, tmp_path: Path) -> None:
    iso = _hybrid(tree, tmp_path / "apple.iso", "-hfsplus")
    assert inspect(iso).names == ("Rock Ridge", "Joliet", "HFS+")
    with pytest.raises(MediaError, match=r"holds its files as HFS\+ as well"):
        change(iso)


@pytest.mark.parametrize("signature", [b"H+", b"HX", b"BD"])
def test_a_boot_image_for_macs_is_no_view(signature: bytes, tree: Path, tmp_path: Path) -> None:
    (tree / "images/macboot.img").write_bytes(bytes(1024) + signature + bytes(1 << 20))
    iso = small_media.by_genisoimage(tree, tmp_path / "mac.iso", mac=True)
    assert inspect(iso).names == ("Rock Ridge", "Joliet")


def test_hfs_at_the_beginning_gives_way_to_iso_9660(tree: Path, tmp_path: Path) -> None:
    iso = small_media.by_genisoimage(tree, tmp_path / "hfs.iso", hybrid=False, more=("-hfs",))
    assert 'TYPE="iso9660"' in _blkid(iso)
    assert inspect(iso).names == ("Rock Ridge", "Joliet")
    change(iso)


_TREEINFO = "[general]\nfamily = {}\nversion = {}\narch = x86_64\n"


@pytest.mark.parametrize(
    ("family", "version"),
    [("CentOS", "6.10"), ("Red Hat Enterprise Linux", "5.11"), ("Fedora", "16")],
)
def test_an_anaconda_that_knows_no_inst_ks_is_named(
    family: str, version: str, tree: Path, tmp_path: Path
) -> None:
    (tree / ".treeinfo").write_text(_TREEINFO.format(family, version))
    iso = small_media.by_genisoimage(tree, tmp_path / "old.iso")
    with pytest.raises(MediaError, match=f"old.iso installs {family} {version}, whose Anaconda"):
        change(iso)


@pytest.mark.parametrize(
    ("family", "version"),
    [("CentOS", "7"), ("Fedora", "17"), ("Somebody's", "1"), ("CentOS Stream", "next")],
)
def test_others_are_served(family: str, version: str, tree: Path, tmp_path: Path) -> None:
    (tree / ".treeinfo").write_text(_TREEINFO.format(family, version))
    change(small_media.by_genisoimage(tree, tmp_path / "new.iso"))
