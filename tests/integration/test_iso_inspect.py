"""What ISOs say of themselves, and what becomes of files that are none."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import mutations
import pytest
import small_media
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MediaError
from builder.media.inspect import inspect

pytestmark = small_media.NEEDED


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an EL 7 ISO."""
    return small_media.el7(tmp_path_factory.mktemp("inspect"))


def test_facts(iso: Path) -> None:
    facts = inspect(iso)
    assert facts.volume_id == "CentOS 7 x86_64"
    assert facts.size == iso.stat().st_size
    assert (facts.product, facts.version, facts.arch) == ("CentOS", "7", "x86_64")
    assert facts.layout == "isolinux"
    assert facts.boot_configs == ("isolinux/isolinux.cfg", "EFI/BOOT/grub.cfg")
    assert facts.stage2 == "LiveOS/squashfs.img"
    entries = [(each.platform, each.path) for each in facts.boot_entries]
    assert entries == [("bios", "isolinux/isolinux.bin"), ("uefi", "images/efiboot.img")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"EULA": "x"}, ("", "", "", "unknown", "")),
        ({".discinfo": "1\n7.9\nx86_64\n"}, ("7.9", "7.9", "x86_64", "unknown", "")),
        ({".treeinfo": "no section\n"}, ("", "", "", "unknown", "")),
        (
            {
                ".treeinfo": "[release]\nname = Rocky Linux\nversion = 9\n[tree]\narch = x86_64\n"
                "[stage2]\nmainimage = images/gone.img\n",
                "images/install.img": "x",
                "boot/grub2/grub.cfg": "x",
            },
            ("Rocky Linux", "9", "x86_64", "grub2", "images/install.img"),
        ),
    ],
)
def test_other_layouts(files: dict[str, str], expected: tuple[str, ...], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    path = tmp_path / "a.iso"
    small_media.call("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", path, tree)
    facts = inspect(path)
    assert (facts.product, facts.version, facts.arch, facts.layout, facts.stage2) == expected


def _truncated(path: Path, iso: Path) -> None:
    path.write_bytes(iso.read_bytes()[: 2 << 20])


def _header_only(path: Path, iso: Path) -> None:
    path.write_bytes(iso.read_bytes()[:34000])


def _wrong_root(path: Path, iso: Path) -> None:
    content = bytearray(iso.read_bytes())
    content[32768 + 158 : 32768 + 162] = b"\xff\xff\x00\x00"
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        *mutations.NO_ISOS,
        (_truncated, "is truncated: 2097152 of .* bytes are there"),
        (_header_only, "is not an ISO 9660 image|is truncated"),
        (_wrong_root, "is a damaged ISO"),
    ],
)
def test_bad_input(
    make: Callable[[Path, Path], None], reason: str, iso: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.iso"
    make(path, iso)
    with pytest.raises(MediaError, match=reason) as caught:
        inspect(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message


_CHANGES = st.lists(
    st.tuples(st.integers(32768, 32768 + 45 * 2048) | st.integers(0, 1536), st.integers(0, 255)),
    min_size=1,
    max_size=20,
)


@given(changes=_CHANGES)
def test_damage_gives_facts_or_a_media_error(changes: list[tuple[int, int]], iso: Path) -> None:
    content = bytearray(iso.read_bytes())
    for offset, value in changes:
        content[offset] = value
    path = iso.with_name("damaged.iso")
    path.write_bytes(content)
    with suppress(MediaError):
        assert inspect(path).size == len(content)
