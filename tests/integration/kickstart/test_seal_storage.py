"""What the seal does to swap areas and freed blocks, on loop devices."""

import os
import re
import shutil
from pathlib import Path

import pytest
from roots import SEAL, post

from builder import process

MARKER = b"freed-marker-4711"
NEEDS = ("blkid", "blkdiscard", "fstrim", "losetup", "mkfs.ext4", "mkswap", "unshare")
GIVE_BACK = re.compile(r"^give_back\(\) \{.*?^\}\nfill\(\) \{.*?^\}", re.MULTILINE | re.DOTALL)
SWAP = re.compile(r"^\[ ! -f /etc/fstab \] \|\| awk '[^\n]*swap.*?^done", re.MULTILINE | re.DOTALL)
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


def privately(script: str, folder: Path) -> str:
    """Run a script whose $0 is `folder` where its mounts are nobody else's."""
    argv = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script, str(folder)]
    done = process.run(argv, check=False)
    if "cannot find an unused loop device" in done.stderr or "failed to setup loop" in done.stderr:
        pytest.skip("needs loop devices")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def image(folder: Path, *mkfs: str) -> Path:
    path = folder / "image"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    process.run([*mkfs, path])
    return path


@pytest.mark.parametrize(
    "name", ["LABEL=SWAP0", "UUID=5eed5eed-5eed-4eed-8eed-5eed5eed5eed", "the device"]
)
def test_a_swap_area_keeps_all_of_its_names_and_nothing_else(tmp_path: Path, name: str) -> None:
    made = image(tmp_path, "mkswap", "-L", "SWAP0", "-U", "5eed5eed-5eed-4eed-8eed-5eed5eed5eed")
    before = made.read_bytes()[:4096]
    with made.open("r+b") as file:
        file.seek(1 << 20)
        file.write(MARKER * 1000)
    (tmp_path / "fstab").write_text(f"# {name} none swap sw 0 0\n{name} none swap sw 0 0\n")
    line = 'sed -i "s|the device|$device|" "$0/fstab"\nmount --bind "$0/fstab" /etc/fstab\n'
    privately(f"{WITH_LOOP}{line}{part(SWAP)}", tmp_path)
    after = made.read_bytes()
    assert after[:4096] == before
    assert not after[4096:].strip(b"\0")


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
