"""What the audit's script notes of disks, on loop devices."""

import os
import re
import shutil
from pathlib import Path

import pytest

from builder import process
from builder.proof.audit.script import reading_kickstart

FUNCTIONS = re.compile(r"^devices\(\) \{.*?(?=^list_files\(\))", re.MULTILINE | re.DOTALL)
READ = """
set -u
work=$0/work
mkdir -p "$work/tree" "$work/one" "$work/facts"
image=$(losetup --find --show "$0/image")
trap 'losetup --detach "/dev/$image"' EXIT
image=${image#/dev/}
fail() { echo "$1"; exit 1; }
lvm() { :; }
"""
SUBVOLUMES = """
mkdir -p "$0/top"
mount "/dev/$image" "$0/top"
for each in root home; do btrfs -q subvolume create "$0/top/$each"; done
mkdir -p "$0/top/root/etc" "$0/top/root/home" "$0/top/root/media"
echo me >"$0/top/home/who"
"""
PLAIN = """
mkdir -p "$0/top"
mount "/dev/$image" "$0/top"
mkdir -p "$0/top/root/etc" "$0/top/etc" "$0/top/media"
: >"$0/top/root/etc/fstab"
"""
FSTAB = """\
LABEL=SYSTEM / btrfs subvol=root,compress=zstd:1 0 0
LABEL=SYSTEM /home btrfs subvol=home,compress=zstd:1 0 0
/dev/sr0 /media iso9660 user,noauto 0 0
LABEL=ELSEWHERE /media xfs nofail 0 0
"""
LABEL = f"SYS-{os.getpid()}"
"""What SYSTEM stands for: a host finds the first device with a label, and others test as well."""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def read(folder: Path, kind: str, prepare: str, fstab: str, look: str = "") -> str:
    """Return what a disk with that fstab is read as: what is mounted, then what is noted."""
    program = f"mkfs.{kind}"
    if shutil.which(program) is None or kind not in Path("/proc/filesystems").read_text():
        pytest.skip(f"needs {program}, and a kernel with {kind}")
    path = folder / "image"
    with path.open("wb") as file:
        file.truncate(512 << 20)
    process.run([program, "-q", "-L", LABEL, path])
    found = FUNCTIONS.search(reading_kickstart("n-1"))
    assert found is not None
    (folder / "fstab").write_text(fstab.replace("SYSTEM", LABEL))
    script = f"""{READ}{found[0]}{prepare}
cp "$0/fstab" "$0"/top/etc/fstab 2>/dev/null || cp "$0/fstab" "$0/top/root/etc/fstab"
head -c 9000000 /dev/urandom >"$0/top/root/some"
umount "$0/top"
mount_root && mount_others && note_swap && note_used && note_fallback || exit
{look}
cat "$work/tree/home/who" 2>/dev/null
find "$work/tree/root/some" "$work/tree/some" 2>/dev/null | sed "s|$work||"
cat "$work/facts/used"
"""
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(folder)]
    done = process.run(argv, check=False)
    if "loop device" in done.stderr:
        pytest.skip("needs loop devices")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_system_in_a_subvolume(tmp_path: Path) -> None:
    who, some, used = read(tmp_path, "btrfs", SUBVOLUMES, FSTAB).splitlines()
    assert (who, some) == ("me", "/tree/some")
    assert 9_000_000 < int(used.split()[0]) < 100 << 20


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_what_is_not_free_is_in_use(tmp_path: Path, kind: str) -> None:
    some, used = read(tmp_path, kind, PLAIN, f"LABEL=SYSTEM / {kind} defaults 0 0\n").splitlines()
    assert some == "/tree/root/some"
    assert 9_000_000 < int(used.split()[0]) < 120 << 20


def test_a_file_system_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    fstab = "LABEL=SYSTEM / ext4 defaults 0 0\nLABEL=ELSEWHERE /media xfs defaults 0 0\n"
    with pytest.raises(AssertionError, match=r"/media \(LABEL=ELSEWHERE, xfs\) cannot be read"):
        read(tmp_path, "ext4", PLAIN, fstab)


FOLDERS = """
mkdir -p "$0/top"
mount "/dev/$image" "$0/top"
mkdir -p "$0/top/root" "$0/top/etc" "$0/top/a place" "$0/top/log" "$0/top/var/log"
: >"$0/top/etc/fstab"
"""


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (r"LABEL=SYSTEM /a\040place ext4 defaults 0 0", "a place"),
        ('LABEL="SYSTEM"\t/a\\040place\text4\tro,nofail 0 0', "a place"),
        ("  LABEL='SYSTEM' /log ext4 defaults", "log"),
        ("LABEL=SYSTEM /var/log ext4 defaults 0 0\nLABEL=SYSTEM /var ext4 defaults 0 0", "var/log"),
        (
            "LABEL=ELSEWHERE /log ext4 _netdev 0 0\n/log /var none bind\nLABEL=SYSTEM /log ext4",
            "log",
        ),
    ],
    ids=["a blank", "quotes", "single quotes", "the outer one later", "the network's"],
)
def test_lines_of_fstab_as_mount_reads_them(tmp_path: Path, line: str, place: str) -> None:
    """The last line has no end."""
    fstab = f"# LABEL=NONE /none ext4 defaults 0 0\n#LABEL=NONE /none ext4 x 0 0\n\n{line}"
    found = read(tmp_path, "ext4", FOLDERS, fstab, f'ls "$work/tree/{place}/root/some"\n')
    assert f"tree/{place}/root/some" in found


def test_a_subvolume_by_its_number(tmp_path: Path) -> None:
    fstab = "LABEL=SYSTEM / btrfs subvol=root 0 0\nLABEL=SYSTEM /home btrfs rw,subvolid=257 0 0\n"
    who, *_ = read(tmp_path, "btrfs", SUBVOLUMES, fstab).splitlines()
    assert who == "me"


NODE = """
numbers=$(stat -c '0x%t 0x%T' "/dev/$image")
mount -t tmpfs none /dev
mkdir /dev/mapper
mknod "/dev/$image" b $numbers
mknod /dev/mapper/v-root b $numbers
mknod /dev/null c 1 3
mknod /dev/urandom c 1 9
"""


def test_a_volume_that_is_a_node_and_no_link(tmp_path: Path) -> None:
    """Without udev nothing makes /dev/mapper's names links to what the kernel calls dm-0."""
    fstab = "/dev/mapper/v-root / ext4 defaults 0 0\n"
    _, *used = read(tmp_path, "ext4", PLAIN + NODE, fstab).splitlines()
    assert used[-1].endswith(" /dev/mapper/v-root")
    assert {9_000_000 < int(each.split()[0]) < 120 << 20 for each in used} == {True}
