"""What ISOs say of themselves."""

from pathlib import Path

import pytest
import small_media

from builder.media.inspect import inspect

pytestmark = small_media.NEEDED


def test_facts(tmp_path: Path) -> None:
    iso = small_media.el7(tmp_path)
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
        ({".discinfo": "1\n7.9\nx86_64\n"}, ("", "7.9", "x86_64", "unknown", "")),
        (
            {".discinfo": "1\nAlmaLinux 10.0\nx86_64\nALL\n"},
            ("AlmaLinux", "10.0", "x86_64", "unknown", ""),
        ),
        ({".discinfo": "1\nRawhide\nx86_64\n"}, ("Rawhide", "", "x86_64", "unknown", "")),
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
