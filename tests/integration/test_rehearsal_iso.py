"""A rehearsal ISO of each layout, made for real and looked at from outside."""

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

SIZE = 500  # MiB; without padding it is some 400
EFI_SYSTEM_PARTITION = "28732ac11ff8d211ba4b00a0c93ec93b"  # as on disk: its first parts swapped
BOTH = (
    ".discinfo", ".treeinfo", "EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grub.cfg",
    "images/pxeboot/initrd.img", "images/pxeboot/vmlinuz", "repodata/repomd.xml",
)  # fmt: skip
OWN = {
    "el7": (
        "LiveOS", "LiveOS/squashfs.img", "images/efiboot.img", "isolinux", "isolinux/boot.cat",
        "isolinux/initrd.img", "isolinux/isolinux.bin", "isolinux/isolinux.cfg",
        "isolinux/vmlinuz",
    ),
    "el10": ("boot/grub2/grub.cfg", "images/eltorito.img", "images/install.img"),
}  # fmt: skip


@pytest.fixture(scope="module")
def el7(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a padded ISO."""
    return _made(tmp_path_factory.mktemp("el7") / "rehearsal.iso", "el7", size_mib=SIZE)


@pytest.fixture(scope="module")
def el10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an ISO."""
    return _made(tmp_path_factory.mktemp("el10") / "rehearsal.iso", "el10")


def _made(output: Path, layout: str, *, size_mib: int | None = None) -> Path:
    """Make one; the host's packages come from the program's own cache."""
    cache = config.load().cache / "rehearsal"
    return make(output, cache=cache, layout=layout, size_mib=size_mib, monitor=SilentMonitor())


@pytest.mark.parametrize("layout", OWN)
def test_its_tree_is_that_of_the_layout(layout: str, request: pytest.FixtureRequest) -> None:
    iso = request.getfixturevalue(layout)
    listed = process.run(["xorriso", "-indev", iso, "-find", "/"]).stdout
    found = {path for path in {*BOTH, *OWN["el7"], *OWN["el10"]} if f"'/{path}'" in listed}
    assert found == {*BOTH, *OWN[layout]}


@pytest.mark.parametrize("layout", OWN)
def test_it_passes_its_own_media_check(layout: str, request: pytest.FixtureRequest) -> None:
    iso = request.getfixturevalue(layout)
    assert "PASS" in process.run(["checkisomd5", "--verbose", iso]).stderr.upper()


def test_it_is_padded(el7: Path) -> None:
    # What is not counted: the folders, the boot catalogue, the rounding of an isohybrid.
    assert SIZE <= el7.stat().st_size / 2**20 < SIZE + 3
    assert inspect(el7).stage2 == "LiveOS/squashfs.img"


def test_the_label_of_el_7_has_spaces(el7: Path) -> None:
    label = process.run(["blkid", "-s", "LABEL", "-o", "value", el7]).stdout
    assert label == "Builder Rehearsal 7\n"


def _extracted(iso: Path, name: str, folder: Path) -> Path:
    output = folder / Path(name).name
    process.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", f"/{name}", output])
    return output


def test_the_efi_image_of_el_7_has_the_menu_too(el7: Path, tmp_path: Path) -> None:
    image = _extracted(el7, "images/efiboot.img", tmp_path)
    inside = process.run(["mtype", "-i", image, "::EFI/BOOT/grub.cfg"]).stdout
    assert inside == _extracted(el7, "EFI/BOOT/grub.cfg", tmp_path).read_text()


def test_el_7_boots_from_a_disk_too(el7: Path) -> None:
    with el7.open("rb") as file:
        sector = file.read(512)
    types = {sector[446 + 16 * number + 4] for number in range(4)}
    assert sector[510:] == b"\x55\xaa"
    assert 0xEF in types


def _report(iso: Path) -> dict[str, str]:
    """Return xorriso's report; the number of an image or partition is part of the key."""
    options = ["-report_el_torito", "plain", "-report_system_area", "plain"]
    lines = process.run(["xorriso", "-indev", iso, *options]).stdout.splitlines()
    found = (re.match(r"([A-Z].*?) *: +(?:(\d) +)?(\S.*)", line) for line in lines)
    return {" ".join(filter(None, match.group(1, 2))): match[3] for match in found if match}


def test_both_firmwares_boot_el_10_from_a_cd(el10: Path) -> None:
    report = _report(el10)
    bios = report["El Torito boot img 1"].split()
    uefi = report["El Torito boot img 2"].split()
    assert bios[:6] == ["BIOS", "y", "none", "0x0000", "0x00", "4"]
    assert uefi[:2] == ["UEFI", "y"]
    assert report["El Torito img path 1"] == "/images/eltorito.img"
    assert report["El Torito img opts 1"] == "boot-info-table grub2-boot-info"
    assert "El Torito img path 2" not in report
    start, size = (int(number) for number in report["GPT start and size 2"].split())
    assert (int(uefi[6]), int(uefi[5])) == (start // 4, size)


def test_both_firmwares_boot_el_10_from_a_disk(el10: Path) -> None:
    report = _report(el10)
    assert "protective-msdos-label grub2-mbr" in report["System area summary"]
    assert report["Partition offset"] == "16"
    assert report["GPT type GUID 2"] == EFI_SYSTEM_PARTITION


def test_the_efi_system_partition_of_el_10_has_the_menu_too(el10: Path, tmp_path: Path) -> None:
    partition = f"{el10}@@{int(_report(el10)['GPT start and size 2'].split()[0]) * 512}"
    inside = process.run(["mtype", "-i", partition, "::EFI/BOOT/grub.cfg"]).stdout
    assert inside == _extracted(el10, "EFI/BOOT/grub.cfg", tmp_path).read_text()
    assert "BOOTX64" in process.run(["mdir", "-b", "-i", partition, "::EFI/BOOT"]).stdout


def test_inspect_knows_el_10(el10: Path) -> None:
    facts = inspect(el10)
    assert (facts.layout, facts.volume_id) == ("grub2", "Builder-Rehearsal-10-x86_64")
    assert (facts.product, facts.version, facts.arch) == ("Builder Rehearsal", "10", "x86_64")
    assert facts.stage2 == "images/install.img"
    assert set(facts.boot_configs) == {"EFI/BOOT/grub.cfg", "boot/grub2/grub.cfg"}


def test_it_is_the_same_at_every_make(el10: Path, tmp_path: Path) -> None:
    assert filecmp.cmp(el10, _made(tmp_path / "again.iso", "el10"), shallow=False)
