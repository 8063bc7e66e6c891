"""Where the rows write: a folder of the cache, and an XFS with reflinks for as long as they run."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from small_media import call

_SPARE = 2 << 30


class Place(msgspec.Struct, frozen=True):
    """A folder to write in."""

    name: str
    folder: Path
    reflinks: bool


def local(folder: Path) -> Place:
    """Return the folder itself; how it behaves depends on its file system."""
    kind = call("findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder).strip()
    return Place(kind, folder, reflinks=_reflinks(folder))


def why_no_xfs() -> str:
    """Say what an XFS of our own lacks here; empty when it can be had."""
    if os.geteuid():
        return "it takes root to mount one"
    if not shutil.which("mkfs.xfs"):
        return "mkfs.xfs is not installed (package xfsprogs)"
    return ""


@contextmanager
def xfs(folder: Path, content: int) -> Iterator[Place]:
    """Yield a new XFS with reflinks that has room for `content` bytes twice."""
    image, mount = folder / "xfs.img", folder / "xfs"
    with image.open("wb") as file:
        file.truncate(2 * content + _SPARE)
    mount.mkdir()
    call("mkfs.xfs", "-q", "-m", "reflink=1", image)
    with ExitStack() as last:
        last.callback(image.unlink)
        # Direct, or every page would be in the cache twice.
        device = call("losetup", "--find", "--show", "--direct-io=on", image).strip()
        last.callback(call, "losetup", "--detach", device)
        call("mount", device, mount)
        last.callback(call, "umount", mount)
        yield Place("xfs", mount, reflinks=True)


def _reflinks(folder: Path) -> bool:
    one, two = folder / "one", folder / "two"
    one.write_bytes(b"1" * 4096)
    done = subprocess.run(["cp", "--reflink=always", one, two], capture_output=True, check=False)
    one.unlink()
    two.unlink(missing_ok=True)
    return done.returncode == 0
