"""A throw-away root in which the scripts of our kickstarts run for real."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pykickstart.constants import KS_SCRIPT_POST
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from builder import process
from builder.kickstart.library import Library
from builder.kickstart.render import render
from builder.recipes.order import Request, resolve

PORT = "dev/virtio-ports/org.builder.result.0"
# The outer shell lays a changeable copy of the host's programs into the root before it enters it.
_ENTER = """
set -e
mkdir "$0/../upper" "$0/../work"
mount -t overlay -o "lowerdir=/usr,upperdir=$0/../upper,workdir=$0/../work" none "$0/usr"
exec chroot "$0" /usr/bin/env -i PATH=/stubs /bin/sh /tmp/ks-script-test
"""
# What every system has that we install. The rest of the host's programs is out of reach: whatever
# else is installed there, a script finds the same.
_PROGRAMS = (
    "awk", "base64", "bash", "blkdiscard", "blkid", "cat", "chmod", "chown", "cksum", "cut", "dd",
    "find", "findfs", "getent", "grep", "head", "id", "install", "ln", "mkdir", "mkswap", "mktemp",
    "readlink", "rm", "sed", "sh", "sort", "stat", "swapoff", "systemctl", "tail", "timeout", "tr",
    "truncate",
)  # fmt: skip
_FILES = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "dev/null": "",
    "dev/console": "",
    "proc/self/mounts": "/dev/sda1 / ext4 rw,relatime 0 0\n",
    PORT: "",
}
Run = Callable[[str], process.Completed]
_UNSHARE = ("unshare", "--mount", "--map-root-user")


def put(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # it may be a link to a program of the host
    path.write_text(text)


def stub(root: Path, name: str, script: str) -> None:
    put(root / "stubs" / name, f"#!/bin/sh\n{script}\n")
    (root / "stubs" / name).chmod(0o755)


def give(folder: Path, *names: str) -> None:
    """Put these programs of the host into a folder of a PATH."""
    for name in names:
        found = shutil.which(name, path="/usr/sbin:/usr/bin")
        assert found, f"this host has no {name}"
        # Which awk a system has is decided in /etc, which a root has its own of.
        (folder / name).symlink_to(Path(found).resolve())


@pytest.fixture(name="root")
def root_fixture(tmp_path: Path) -> Path:
    """Return a root with a few files, stubs for what must not run, and no programs yet."""
    folder = tmp_path / "root"
    for name in ("usr", "stubs", "tmp", "var/tmp", "var/log", "root", "home", "boot"):
        (folder / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    give(folder / "stubs", *_PROGRAMS)
    for name, text in _FILES.items():
        put(folder / name, text)
    for name in ("fallocate", "fstrim", "sync", "restorecon", "dracut"):
        stub(folder, name, f'echo {name} "$@" >>/stubs/log')
    return folder


@pytest.fixture(name="run")
def run_fixture(root: Path) -> Run:
    """Return a function that runs a script inside `root`."""
    if reason := _missing():
        pytest.skip(reason)

    def run_script(script: str) -> process.Completed:
        put(root / "tmp/ks-script-test", script)
        return process.run([*_UNSHARE, "sh", "-c", _ENTER, root], check=False)

    return run_script


@cache
def _missing() -> str:
    """Return what this host has not; the same for all of a run."""
    if not Path("/bin").is_symlink() or shutil.which("unshare") is None:
        return "needs unshare and a merged /usr"
    refused = process.run([*_UNSHARE, "true"], check=False).returncode
    return "needs user namespaces" if refused else ""


def scripts(name: str, variables: dict[str, str] | None = None, **options: Any) -> list[Any]:  # noqa: ANN401
    """Return the scripts of a release's kickstart as Anaconda's parser cuts them out."""
    return list(_scripts(name, tuple(sorted((variables or {}).items())), **options))


@cache
def _scripts(name: str, variables: tuple[tuple[str, str], ...], **options: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Render only once what many tests run: that takes longer than most of them."""
    request = Request(release=name, variables=dict(variables), **options)
    kickstart = render(resolve(request, Library(), environ={}))
    parser = KickstartParser(makeVersion(kickstart.syntax))
    parser.readKickstartFromString(kickstart.for_build("n-1"))
    return tuple(parser.handler.scripts)


def post(name: str, number: int, variables: dict[str, str] | None = None) -> str:
    """Return the text of the `number`th %post inside the new system; -1 is the last."""
    found = [each for each in scripts(name, variables) if each.type == KS_SCRIPT_POST]
    return str([each for each in found if each.inChroot][number].script)


CONFIGURE, SEAL, COMPLETE = 0, -2, -1
