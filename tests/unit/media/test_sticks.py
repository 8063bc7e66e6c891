"""What may be written to, as /sys and /proc of another machine tell of it."""

from pathlib import Path

import pytest

from builder.errors import BuilderError, HostError, UsageError
from builder.media import sticks
from builder.media.sticks import Stick

PATH = Path("/dev/sdb")
USB = "sys/devices/pci/usb1/block/sdb"
MACHINE = {
    f"{USB}/dev": "8:16",
    f"{USB}/size": "2048",
    f"{USB}/removable": "1",
    f"{USB}/device/vendor": "SanDisk ",
    f"{USB}/device/model": "Ultra   ",
    f"{USB}/sdb1/dev": "8:17",
    f"{USB}/sdb1/partition": "1",
    "sys/devices/virtual/block/dm-0/dev": "253:0",
    "sys/devices/virtual/block/md0/dev": "9:0",
    "sys/devices/virtual/block/loop3/dev": "7:3",
    "sys/devices/virtual/block/loop3/loop/backing_file": "/srv/a.img",
    "sys/devices/ata/block/sr0/dev": "11:0",
    "sys/devices/ata/block/sr0/device/type": "5",
    "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
    "proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 9 0 -2",
}
SDB = Stick(
    path=PATH, number="8:16", model="SanDisk Ultra", size=2048 * 512, removable=True, users=()
)


def described(root: Path, number: str = "8:16", more: dict[str, str] | None = None) -> Stick:
    """Describe a device of the machine, which has more files, or more lines in those it has."""
    lines = [*MACHINE.items(), *(more or {}).items()]
    for name, line in lines:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"{line}\n")
    numbers = root / "sys/dev/block"
    numbers.mkdir(parents=True)
    for path in (root / "sys/devices").rglob("dev"):
        if "holders" not in path.parts:
            (numbers / path.read_text().strip()).symlink_to(path.parent)
    return sticks.described(PATH, number, system=root / "sys", processes=root / "proc")


def test_a_stick(tmp_path: Path) -> None:
    assert described(tmp_path) == SDB


def test_a_loop_is_called_by_its_file(tmp_path: Path) -> None:
    assert described(tmp_path, "7:3").model == "/srv/a.img"


@pytest.mark.parametrize(
    ("number", "more", "said"),
    [
        ("8:17", {}, "is a partition"),
        ("253:0", {}, "made of other devices"),
        ("9:0", {}, "made of other devices"),
        ("11:0", {}, "a drive for discs"),
        ("8:32", {}, "There is no device behind"),
        ("8:16", {f"{USB}/ro": "1"}, "is read-only"),
    ],
)
def test_what_is_no_stick(number: str, more: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match=said):
        described(tmp_path, number, more)


def test_the_whole_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        described(tmp_path, "8:17")
    assert "`builder iso burn FILE /dev/sdb`" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        (
            "proc/self/mountinfo",
            r"30 22 8:17 / /mnt/my\040stick rw shared:1 - vfat /dev/sdb1 rw",
            "/dev/sdb1 is mounted at /mnt/my stick",
        ),
        (
            "proc/self/mountinfo",
            "30 22 8:16 / /mnt rw - iso9660 /dev/disk/by-label/X ro",
            "/dev/sdb is mounted at /mnt",
        ),
        (
            "proc/self/mountinfo",
            "30 22 0:41 / /mnt rw - btrfs /dev/sdb1 rw",
            "/dev/sdb1 is mounted at /mnt",
        ),
        ("proc/swaps", "/dev/sdb1 partition 9 0 -3", "/dev/sdb1 is swap"),
        (
            f"{USB}/sdb1/holders/dm-0/dm/name",
            "vg0-root",
            "/dev/sdb1 is part of vg0-root",
        ),
        (
            f"{USB}/holders/md0/dev",
            "9:0",
            "/dev/sdb is part of md0",
        ),
    ],
)
def test_what_is_in_use_is_not_written_to(name: str, line: str, said: str, tmp_path: Path) -> None:
    stick = described(tmp_path, more={name: line})
    assert stick.users == (said,)
    with pytest.raises(HostError, match=said):
        sticks.refuse(stick, size=1, force=True)


def test_what_is_too_small_or_stays_in_the_machine(tmp_path: Path) -> None:
    stick = described(tmp_path)
    sticks.refuse(stick, size=stick.size, force=False)
    with pytest.raises(HostError, match="the ISO needs"):
        sticks.refuse(stick, size=stick.size + 1, force=True)
    loop = described(tmp_path / "other", "7:3", {"sys/devices/virtual/block/loop3/size": "9"})
    with pytest.raises(UsageError, match="is no removable disk"):
        sticks.refuse(loop, size=1, force=False)
    sticks.refuse(loop, size=1, force=True)
