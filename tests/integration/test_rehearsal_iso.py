"""A rehearsal ISO of each layout, made for real and looked at from outside."""

import filecmp
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from builder import config, process
from builder.iso.source import opened
from builder.iso.survey import survey
from builder.media import check, second_reader
from builder.media.edits import Edits
from builder.media.inspect import inspect
from builder.media.remaster import remaster
from builder.monitor import SilentMonitor
from builder.rehearsal.guest import repositories
from builder.rehearsal.make import make

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="mmdebstrap and chroot need root"),
]

SIZE = 500  # MiB; without padding it is some 400
EFI_SYSTEM_PARTITION = "28732ac11ff8d211ba4b00a0c93ec93b"  # as on disk: its first parts swapped
EVERY = (
    ".discinfo", ".treeinfo", "EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grub.cfg",
    "images/payload.tar", "images/pxeboot/initrd.img", "images/pxeboot/vmlinuz",
)  # fmt: skip
ISOLINUX = (
    "images/efiboot.img", "isolinux", "isolinux/boot.cat", "isolinux/initrd.img",
    "isolinux/isolinux.bin", "isolinux/isolinux.cfg", "isolinux/vmlinuz",
)  # fmt: skip
NEWER = ("images/install.img", "media.repo")
GRUB = ("boot/grub2/grub.cfg", "images/eltorito.img")


def repository(folder: str) -> tuple[str, ...]:
    prefix = f"{folder}/" if folder else ""
    lists = ("comps.xml", "primary.xml.gz", "repomd.xml")
    return tuple(f"{prefix}repodata/{name}" for name in lists)


BASE, APPS, MINIMAL = repository("BaseOS"), repository("AppStream"), repository("Minimal")
OWN = {
    "el7": (*ISOLINUX, "LiveOS", "LiveOS/squashfs.img", *repository("")),
    "el8": (*ISOLINUX, *NEWER, *BASE, *APPS),
    "el9": (*ISOLINUX, *NEWER, *BASE, *APPS),
    "el9-minimal": (*ISOLINUX, *NEWER, *BASE, *MINIMAL),
    "el10": (*GRUB, *NEWER, *BASE, *APPS),
}
ANY = {path for paths in OWN.values() for path in (*EVERY, *paths)}

Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function from a layout to its ISO, made once; EL 7's is padded."""
    folder = tmp_path_factory.mktemp("media")

    @cache
    def iso(layout: str) -> Path:
        size = SIZE if layout == "el7" else None
        return _made(folder / f"{layout}.iso", layout, size_mib=size)

    return iso


@pytest.fixture(scope="module")
def el7(made: Make) -> Path:
    """Return a padded ISO."""
    return made("el7")


@pytest.fixture(scope="module")
def el10(made: Make) -> Path:
    """Return an ISO."""
    return made("el10")


def _made(output: Path, layout: str, *, size_mib: int | None = None) -> Path:
    """Make one; the host's packages come from the program's own cache."""
    cached = config.load().cache / "rehearsal"
    return make(output, cache=cached, layout=layout, size_mib=size_mib, monitor=SilentMonitor())


@pytest.mark.parametrize("layout", OWN)
def test_its_tree_is_that_of_the_layout(layout: str, made: Make) -> None:
    listed = process.run(["xorriso", "-indev", made(layout), "-find", "/"]).stdout
    found = {path for path in ANY if f"'/{path}'" in listed}
    assert found == {*EVERY, *OWN[layout]}


@pytest.mark.parametrize("layout", OWN)
def test_it_passes_its_own_media_check(layout: str, made: Make) -> None:
    assert "PASS" in process.run(["checkisomd5", "--verbose", made(layout)]).stderr.upper()


def problems(iso: Path) -> list[str]:
    """Return what `builder iso verify --usb-check` holds against an ISO."""
    with opened(iso) as source:
        medium = survey(source)
        found = [*check.problems(medium), *check.usb_problems(medium)]
        return [*found, *second_reader.problems(iso, medium)]


@pytest.mark.parametrize("layout", OWN)
def test_it_is_right_and_so_is_what_a_build_makes_of_it(
    layout: str, made: Make, tmp_path: Path
) -> None:
    iso = made(layout)
    assert problems(iso) == []
    edits = Edits(kickstart="cmdline\npoweroff\n", usb=True)
    changed = remaster(iso, edits, output=tmp_path / "unattended.iso", monitor=SilentMonitor())
    facts = inspect(changed.path)
    assert problems(changed.path) == []
    assert facts.volume_id == inspect(iso).volume_id
    for path in facts.boot_configs:
        told = _extracted(changed.path, path, tmp_path / path.replace("/", "-")).read_text()
        assert "inst.ks=" in told


@pytest.mark.parametrize(
    ("layout", "boots", "disk"),
    [
        ("el8", "isolinux", "MBR"),
        ("el9", "isolinux", "GPT"),
        ("el10", "grub2", "GPT"),
    ],
)
def test_both_firmwares_boot_it_from_a_cd_and_a_disk(
    layout: str, boots: str, disk: str, made: Make
) -> None:
    facts = inspect(made(layout))
    assert facts.layout == boots
    assert {entry.platform for entry in facts.boot_entries} == {"bios", "uefi"}
    assert any(partition.startswith(disk) for partition in facts.partitions)


@pytest.mark.parametrize("layout", ["el8", "el9-minimal"])
def test_its_repositories_are_what_they_say(layout: str, made: Make, tmp_path: Path) -> None:
    process.run(["xorriso", "-osirrox", "on", "-indev", made(layout), "-extract", "/", tmp_path])
    offer = repositories.read(tmp_path)
    assert offer.named("dracut-config-generic") == offer.packages["initramfs-tools"]
    assert offer.within("^minimal-environment") == offer.within("core")
    assert offer.within("guest-agents") == ("qemu-guest-agent",)
    for package in offer.packages.values():
        assert (tmp_path / package.location).is_file()


def test_it_is_padded(el7: Path) -> None:
    # What is not counted: the folders, the boot catalogue, the rounding of an isohybrid.
    assert SIZE <= el7.stat().st_size / 2**20 < SIZE + 3
    assert inspect(el7).stage2 == "LiveOS/squashfs.img"


def test_the_label_of_el_7_has_spaces(el7: Path) -> None:
    label = process.run(["blkid", "-s", "LABEL", "-o", "value", el7]).stdout
    assert label == "Builder Rehearsal 7\n"


def _extracted(iso: Path, name: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
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
