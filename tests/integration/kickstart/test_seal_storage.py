"""What the seal does to swap areas and freed blocks, on loop devices."""

import os
import re
import shutil
import uuid
from pathlib import Path

import pytest
from roots import SEAL, post

from builder import process

MARKER = b"freed-marker-4711"
NEEDS = ("blkid", "blkdiscard", "fstrim", "losetup", "mkfs.ext4", "mkswap", "unshare")
DECODE = re.compile(r"^unescape='.*?^'$", re.MULTILINE | re.DOTALL)
GIVE_BACK = re.compile(r"^give_back\(\) \{.*?^\}\nfill\(\) \{.*?^\}", re.MULTILINE | re.DOTALL)
LOOPS = re.compile(r"^of_disks='.*?(?=^if command -v lvm)", re.MULTILINE | re.DOTALL)
SWAP = re.compile(r"^device_of\(\) \{.*?^done", re.MULTILINE | re.DOTALL)
WITH_LOOP = """
set -eu
device=$(losetup --find --show "$0/image")
trap 'losetup --detach "$device"' EXIT
"""
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(any(shutil.which(each) is None for each in NEEDS), reason="needs programs"),
]


def part(pattern: re.Pattern[str]) -> str:
    found = pattern.search(post("rehearsal", SEAL))
    assert found is not None
    return found[0]


def privately(script: str, folder: Path, *, shell: str = "bash") -> str:
    """Run a script whose $0 is `folder` where its mounts are nobody else's."""
    argv = ["unshare", "--mount", "--propagation", "private", shell, "-c", script, str(folder)]
    done = process.run(argv, check=False)
    if "cannot find an unused loop device" in done.stderr or "failed to setup loop" in done.stderr:
        pytest.skip("needs loop devices")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def image(folder: Path, *mkfs: str, mib: int = 64) -> Path:
    path = folder / "image"
    with path.open("wb") as file:
        file.truncate(mib << 20)
    process.run([*mkfs, path])
    return path


UUID, LABEL = str(uuid.uuid4()), f"my {os.getpid()}"
"""A host finds the first device with a name, and others test as well."""


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    "name", [r"LABEL=my\040{}", r'LABEL="my\040{}"', "UUID={uuid}", "UUID='{uuid}'", "the device"]
)
def test_a_swap_area_keeps_all_of_its_names_and_nothing_else(
    tmp_path: Path, name: str, shell: str
) -> None:
    name = name.format(os.getpid(), uuid=UUID)
    made = image(tmp_path, "mkswap", "-L", LABEL, "-U", UUID)
    before = made.read_bytes()[:4096]
    with made.open("r+b") as file:
        file.seek(1 << 20)
        file.write(MARKER * 1000)
    (tmp_path / "fstab").write_text(f"# {name} none swap sw 0 0\n\t{name}\tnone\tswap\tsw\t0 0\n")
    line = 'sed -i "s|the device|$device|" "$0/fstab"\nfstab=$0/fstab\n'
    privately(f"{WITH_LOOP}{line}{part(DECODE)}\n{part(SWAP)}", tmp_path, shell=shell)
    after = made.read_bytes()
    assert after[:4096] == before
    assert not after[4096:].strip(b"\0")


def test_a_file_to_swap_to_keeps_its_blocks(tmp_path: Path) -> None:
    file = tmp_path / "a swap"
    file.write_bytes(b"h" * 4096 + MARKER * 5000 + b"." * (-len(MARKER) * 5000 % 4096))
    length = file.stat().st_size
    (tmp_path / "fstab").write_text(f"{tmp_path}/a\\040swap none swap sw 0 0\n")
    privately(f"set -eu\nfstab=$0/fstab\n{part(DECODE)}\n{part(SWAP)}", tmp_path)
    after = file.read_bytes()
    assert (after[:4096], len(after)) == (b"h" * 4096, length)
    assert not after[4096:].strip(b"\0")
    assert file.stat().st_blocks * 512 >= length


BEFORE = {
    "by itself": "",
    "a file of it first": 'touch "$0/file"\nmount --bind "$0/a place/kept" "$0/file"\n',
    "read-only elsewhere first": (
        'mkdir "$0/other"\nmount --bind "$0/a place" "$0/other"\n'
        'mount -o remount,bind,ro "$0/other"\n'
    ),
    "read-only": 'mount -o remount,ro "$0/a place"\n',
    "in fstab alone": (
        'mount --bind "$0/fstab" /etc/fstab\numount "$0/a place"\nfstab=/etc/fstab\n'
    ),
}


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("how", BEFORE)
def test_every_file_system_is_looked_at_however_it_is_mounted(
    tmp_path: Path, how: str, shell: str
) -> None:
    made = image(tmp_path, "mkfs.ext4", "-q", "-L", LABEL)
    (tmp_path / "a place").mkdir()
    (tmp_path / "marker").write_bytes(MARKER * 500)
    place = str(tmp_path / "a place").replace(" ", r"\040")
    (tmp_path / "fstab").write_text(f'LABEL="my\\040{os.getpid()}"\t{place}\text4 ro,noauto 0 0\n')
    # The kernel's table as it is, but for the disks of this machine; later mounts may come first.
    script = f"""{WITH_LOOP}
fstab=/dev/null
mount "$device" "$0/a place"
echo kept >"$0/a place/kept"
cp "$0/marker" "$0/a place/gone"
sync
rm "$0/a place/gone"
{BEFORE[how]}
grep "^$device " /proc/self/mounts | sort -r -k 2 >"$0/mounts" || :
mounts=$0/mounts
{part(DECODE)}
{part(GIVE_BACK)}
{part(LOOPS)}
grep "^$device .*place" /proc/self/mounts || echo gone
"""
    said = privately(script, tmp_path, shell=shell)
    assert MARKER not in made.read_bytes()
    last = said.splitlines()[-1]
    assert (" ro," in last, last == "gone") == (how == "read-only", how == "in fstab alone")


SUBVOLUMES = """
btrfs -q subvolume create "$0/place/one"
btrfs -q subvolume create "$0/place/two"
umount "$0/place"
mount -o subvol=one "$device" "$0/place"
mkdir "$0/another"
mount -o subvol=two "$device" "$0/another"
"""


@pytest.mark.parametrize(("kind", "prepare"), [("xfs", ""), ("btrfs", ""), ("btrfs", SUBVOLUMES)])
def test_other_file_systems_and_subvolumes_once_each(
    tmp_path: Path, kind: str, prepare: str
) -> None:
    if not shutil.which(f"mkfs.{kind}") or kind not in Path("/proc/filesystems").read_text():
        pytest.skip(f"needs mkfs.{kind}, and a kernel with {kind}")
    made = image(tmp_path, f"mkfs.{kind}", "-q", mib=512)
    (tmp_path / "place").mkdir()
    (tmp_path / "marker").write_bytes(MARKER * 5000)
    script = f"""{WITH_LOOP}
fstab=/dev/null
mount "$device" "$0/place"
{prepare}
cp "$0/marker" "$0/place/gone"
sync
rm "$0/place/gone"
sync
grep "^$device " /proc/self/mounts >"$0/mounts"
mounts=$0/mounts
{part(DECODE)}
{part(GIVE_BACK)}
fstrim() {{ echo trims; command fstrim "$@"; }}
{part(LOOPS)}
"""
    said = privately(script, tmp_path)
    assert MARKER not in made.read_bytes()
    assert said.count("trims\n") == 2  # before and after what fills it up


@pytest.mark.parametrize(("block", "kind"), [("1024", "ext4"), ("4096", "ext4"), ("4096", "vfat")])
def test_freed_blocks_are_zeros_afterwards(tmp_path: Path, block: str, kind: str) -> None:
    """Not every kernel has vfat; what is done for it needs none."""
    made = image(tmp_path, "mkfs.ext4", "-q", "-b", block)
    (tmp_path / "mounted").mkdir()
    (tmp_path / "marker").write_bytes(MARKER * 500)
    script = f"""{WITH_LOOP}
mount "$device" "$0/mounted"
for each in 1 2 3 4 5; do
    cp "$0/marker" "$0/mounted/gone-$each"
    echo kept >"$0/mounted/kept-$each"
done
sync
rm "$0"/mounted/gone-*
{part(GIVE_BACK)}
give_back "$0/mounted" {kind}
ls -A "$0/mounted"
umount "$0/mounted"
"""
    left = privately(script, tmp_path)
    assert "kept-5" in left
    assert ".builder-zeros" not in left
    assert MARKER not in made.read_bytes()
