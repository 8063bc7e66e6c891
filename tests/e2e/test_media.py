"""The rehearsal ISO as it is made, without a kickstart of ours on it: as real media get used."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder import process
from builder.iso.source import SECTOR, opened
from builder.iso.survey import survey
from builder.iso.tree import Finder, read_directory
from builder.media.oemdrv import make
from builder.model.media import StagedIso
from tests.waiting import wait_until

# It would take any disk. The only one is its own.
KICKSTART = """\
cmdline
rootpw --lock
zerombr
clearpart --all --initlabel
part / --size=1024 --grow
poweroff
%packages
%end
"""


def extracted(iso: Path, name: str, folder: Path) -> Path:
    """Copy a file of the ISO's tree to `folder`."""
    output = folder / Path(name).name
    process.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", f"/{name}", output])
    return output


def default_arguments(iso: Path, folder: Path) -> str:
    """Return the kernel arguments of the menu's default entry."""
    menu = extracted(iso, "isolinux/isolinux.cfg", folder).read_text()
    entry = menu.split("  menu default\n")[1]
    found = re.search(r"append initrd=initrd\.img (.+)", entry)
    assert found is not None
    return found[1]


@contextmanager
def booted(iso: Path, disk: Path, folder: Path) -> Iterator[Callable[[str], str]]:
    """Boot the default entry; yield a function that waits for a text and returns all that was said.

    It has no serial console by itself.
    """
    log = folder / "console.log"
    command: list[str | Path] = [
        "qemu-system-x86_64", "-machine", "q35", "-cpu", "Nehalem", "-m", "1024", "-no-reboot",
        "-display", "none", "-serial", f"file:{log}", "-monitor", "none", "-nic", "none",
        "-kernel", extracted(iso, "images/pxeboot/vmlinuz", folder),
        "-initrd", extracted(iso, "images/pxeboot/initrd.img", folder),
        "-append", f"{default_arguments(iso, folder)} console=ttyS0",
        "-cdrom", iso, "-drive", f"file={disk},format=raw,if=virtio",
    ]  # fmt: skip
    guest = subprocess.Popen(command)

    def said() -> str:
        return log.read_text(errors="replace") if log.exists() else ""

    def heard(text: str) -> str:
        wait_until(lambda: text in said(), alive=lambda: guest.poll() is None, told=said)
        return said()

    try:
        yield heard
    finally:
        guest.kill()
        guest.wait()


@pytest.fixture
def oemdrv(tmp_path: Path) -> Path:
    """Return a disk from which Anaconda takes its kickstart unasked."""
    disk = tmp_path / "oemdrv.img"
    make(KICKSTART, disk, when=datetime(2020, 10, 26, tzinfo=UTC))
    return disk


def test_a_good_medium_reads_the_kickstart_of_oemdrv_and_spares_that_disk(
    rehearsal: StagedIso, oemdrv: Path, tmp_path: Path
) -> None:
    content = oemdrv.read_bytes()
    with booted(rehearsal.path, oemdrv, tmp_path) as heard:
        said = heard("no valid devices were found on which to create new file systems")
    assert "The media check is complete, the result is: PASS." in said
    assert oemdrv.read_bytes() == content


@pytest.fixture
def damaged(rehearsal: StagedIso, place: Path) -> Iterator[Path]:
    """Return a copy of the ISO with one wrong bit in one of its packages."""
    copy = place / "damaged.iso"
    shutil.copyfile(rehearsal.path, copy)
    with opened(copy) as source:
        medium = survey(source)
        found = Finder(source, medium.primary).find("Packages")
        assert found is not None
        folder = read_directory(source, medium.primary, found.record)
        package = folder.listing.records[-1]
        place_of_it = package.extent * SECTOR
        (first,) = source.read(place_of_it, 1)
    with copy.open("r+b") as file:
        file.seek(place_of_it)
        file.write(bytes([first ^ 1]))
    yield copy
    copy.unlink()


def test_a_damaged_medium_ends_at_its_check(damaged: Path, oemdrv: Path, tmp_path: Path) -> None:
    with booted(damaged, oemdrv, tmp_path) as heard:
        said = heard("CD check failed!")
    assert "The media check is complete, the result is: FAIL." in said
    assert "Starting installer" not in said
