"""One rehearsal ISO, made for real and looked at from outside."""

import os
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


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a padded rehearsal ISO; the host's packages come from the program's own cache."""
    output = tmp_path_factory.mktemp("rehearsal") / "rehearsal.iso"
    cache = config.load().cache / "rehearsal"
    return make(output, cache=cache, size_mib=SIZE, monitor=SilentMonitor())


def test_it_is_padded(iso: Path) -> None:
    # What is not counted: the folders, the boot catalogue, the rounding of an isohybrid.
    assert SIZE <= iso.stat().st_size / 2**20 < SIZE + 3
    assert inspect(iso).stage2 == "LiveOS/squashfs.img"


def test_its_label_has_spaces(iso: Path) -> None:
    assert process.run(["blkid", "-s", "LABEL", "-o", "value", iso]).stdout == (
        "Builder Rehearsal 7\n"
    )


def test_it_passes_its_own_media_check(iso: Path) -> None:
    assert "PASS" in process.run(["checkisomd5", "--verbose", iso]).stderr.upper()


def test_it_is_laid_out_as_el_7(iso: Path) -> None:
    listed = process.run(["xorriso", "-indev", iso, "-find", "/"]).stdout
    expected = (
        ".discinfo", ".treeinfo", "EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grub.cfg",
        "LiveOS/squashfs.img", "images/efiboot.img", "images/pxeboot/initrd.img",
        "images/pxeboot/vmlinuz", "isolinux/boot.cat", "isolinux/initrd.img",
        "isolinux/isolinux.bin", "isolinux/isolinux.cfg", "isolinux/vmlinuz",
        "repodata/repomd.xml",
    )  # fmt: skip
    assert [path for path in expected if f"'/{path}'" not in listed] == []


def test_both_menus_are_in_the_efi_image_too(iso: Path, tmp_path: Path) -> None:
    image, menu = tmp_path / "efiboot.img", tmp_path / "grub.cfg"
    process.run(
        ["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/images/efiboot.img", image,
         "-extract", "/EFI/BOOT/grub.cfg", menu],
    )  # fmt: skip
    inside = process.run(["mtype", "-i", image, "::EFI/BOOT/grub.cfg"]).stdout
    assert inside == menu.read_text()


def test_it_boots_from_a_disk_too(iso: Path) -> None:
    with iso.open("rb") as file:
        sector = file.read(512)
    types = {sector[446 + 16 * number + 4] for number in range(4)}
    assert sector[510:] == b"\x55\xaa"
    assert 0xEF in types
