"""One rehearsal ISO of the layout el10, made for real and looked at from outside."""

import filecmp
import os
import re
from pathlib import Path

import pytest

from builder import config, process
from builder.media.inspect import inspect
from builder.monitor import SilentMonitor
from builder.rehearsal.make import make

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="mmdebstrap and chroot need root"),
]

EFI_SYSTEM_PARTITION = "28732ac11ff8d211ba4b00a0c93ec93b"  # as on disk: its first parts swapped


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a rehearsal ISO; the host's packages come from the program's own cache."""
    return _made(tmp_path_factory.mktemp("rehearsal") / "rehearsal.iso")


def _made(output: Path) -> Path:
    cache = config.load().cache / "rehearsal"
    return make(output, cache=cache, layout="el10", monitor=SilentMonitor())


def _report(iso: Path) -> dict[str, str]:
    """Return xorriso's report; the number of an image or partition is part of the key."""
    options = ["-report_el_torito", "plain", "-report_system_area", "plain"]
    lines = process.run(["xorriso", "-indev", iso, *options]).stdout.splitlines()
    found = (re.match(r"([A-Z].*?) *: +(?:(\d) +)?(\S.*)", line) for line in lines)
    return {" ".join(filter(None, match.group(1, 2))): match[3] for match in found if match}


def test_both_firmwares_boot_it_from_a_cd(iso: Path) -> None:
    report = _report(iso)
    bios = report["El Torito boot img 1"].split()
    uefi = report["El Torito boot img 2"].split()
    assert bios[:6] == ["BIOS", "y", "none", "0x0000", "0x00", "4"]
    assert uefi[:2] == ["UEFI", "y"]
    assert report["El Torito img path 1"] == "/images/eltorito.img"
    assert report["El Torito img opts 1"] == "boot-info-table grub2-boot-info"
    assert "El Torito img path 2" not in report
    start, size = (int(number) for number in report["GPT start and size 2"].split())
    assert (int(uefi[6]), int(uefi[5])) == (start // 4, size)


def test_both_firmwares_boot_it_from_a_disk(iso: Path) -> None:
    report = _report(iso)
    assert "protective-msdos-label grub2-mbr" in report["System area summary"]
    assert report["Partition offset"] == "16"
    assert report["GPT type GUID 2"] == EFI_SYSTEM_PARTITION


def test_its_tree_is_that_of_el_10(iso: Path) -> None:
    listed = process.run(["xorriso", "-indev", iso, "-find", "/"]).stdout
    expected = (
        ".discinfo", ".treeinfo", "EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grub.cfg",
        "boot/grub2/grub.cfg", "images/eltorito.img", "images/install.img",
        "images/pxeboot/initrd.img", "images/pxeboot/vmlinuz", "repodata/repomd.xml",
    )  # fmt: skip
    assert [path for path in expected if f"'/{path}'" not in listed] == []
    assert [path for path in ("isolinux", "LiveOS", "efiboot.img") if path in listed] == []


def test_the_efi_system_partition_has_the_menu_too(iso: Path, tmp_path: Path) -> None:
    menu = tmp_path / "grub.cfg"
    process.run(
        ["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/EFI/BOOT/grub.cfg", menu]
    )
    partition = f"{iso}@@{int(_report(iso)['GPT start and size 2'].split()[0]) * 512}"
    inside = process.run(["mtype", "-i", partition, "::EFI/BOOT/grub.cfg"]).stdout
    assert inside == menu.read_text()
    assert "BOOTX64" in process.run(["mdir", "-b", "-i", partition, "::EFI/BOOT"]).stdout


def test_it_passes_its_own_media_check(iso: Path) -> None:
    assert "PASS" in process.run(["checkisomd5", "--verbose", iso]).stderr.upper()


def test_inspect_knows_it(iso: Path) -> None:
    facts = inspect(iso)
    assert (facts.layout, facts.volume_id) == ("grub2", "Builder-Rehearsal-10-x86_64")
    assert (facts.product, facts.version, facts.arch) == ("Builder Rehearsal", "10", "x86_64")
    assert facts.stage2 == "images/install.img"
    assert set(facts.boot_configs) == {"EFI/BOOT/grub.cfg", "boot/grub2/grub.cfg"}


def test_it_is_the_same_at_every_make(iso: Path, tmp_path: Path) -> None:
    assert filecmp.cmp(iso, _made(tmp_path / "again.iso"), shallow=False)
