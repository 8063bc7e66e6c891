"""A throw-away root in which the scripts of our kickstarts run for real."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pykickstart.constants import KS_SCRIPT_POST
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from builder import process
from builder.kickstart import profiles
from builder.kickstart.render import render
from builder.model.kickstart import RenderOptions
from builder.releases import catalogue

PORT = "dev/virtio-ports/org.builder.result.0"
# The outer shell lays a changeable copy of the host's programs into the root before it enters it.
_ENTER = """
set -e
mkdir "$0/../upper" "$0/../work"
mount -t overlay -o "lowerdir=/usr,upperdir=$0/../upper,workdir=$0/../work" none "$0/usr"
exec chroot "$0" /usr/bin/env -i PATH=/stubs:/usr/sbin:/usr/bin /bin/sh /tmp/ks-script-test
"""
_FILES = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "dev/null": "",
    "dev/console": "",
    PORT: "",
}
Run = Callable[[str], process.Completed]


def put(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def stub(root: Path, name: str, script: str) -> None:
    put(root / "stubs" / name, f"#!/bin/sh\n{script}\n")
    (root / "stubs" / name).chmod(0o755)


@pytest.fixture(name="root")
def root_fixture(tmp_path: Path) -> Path:
    """Return a root with a few files, stubs for what must not run, and no programs yet."""
    folder = tmp_path / "root"
    for name in ("usr", "stubs", "tmp", "var/tmp", "var/log", "root", "home", "boot"):
        (folder / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    # Which awk a system has is decided in /etc.
    (folder / "etc/alternatives").mkdir(parents=True)
    (folder / "etc/alternatives/awk").symlink_to(Path("/usr/bin/awk").resolve())
    for name, text in _FILES.items():
        put(folder / name, text)
    for name in ("fstrim", "sync", "restorecon", "dracut"):
        stub(folder, name, f'echo {name} "$@" >>/stubs/log')
    return folder


@pytest.fixture(name="run")
def run_fixture(root: Path) -> Run:
    """Return a function that runs a script inside `root`."""
    if not Path("/bin").is_symlink() or shutil.which("unshare") is None:
        pytest.skip("needs unshare and a merged /usr")
    unshare = ["unshare", "--mount", "--map-root-user"]
    if process.run([*unshare, "true"], check=False).returncode:
        pytest.skip("needs user namespaces")

    def run_script(script: str) -> process.Completed:
        put(root / "tmp/ks-script-test", script)
        return process.run([*unshare, "sh", "-c", _ENTER, root], check=False)

    return run_script


def scripts(name: str, variables: dict[str, str] | None = None) -> list[Any]:
    """Return the scripts of a release's kickstart as Anaconda's parser cuts them out."""
    release = catalogue.find(name)
    options = RenderOptions(variables=variables or {}, nonce="n-1")
    text = render(release, profiles.find("minimal", release=release), options).text
    parser = KickstartParser(makeVersion(release.syntax))
    parser.readKickstartFromString(text)
    return list(parser.handler.scripts)


def post(name: str, number: int, variables: dict[str, str] | None = None) -> str:
    """Return the text of the `number`th %post inside the new system; -1 is the last."""
    found = [each for each in scripts(name, variables) if each.type == KS_SCRIPT_POST]
    return str([each for each in found if each.inChroot][number].script)


CONFIGURE, SEAL, COMPLETE = 0, -2, -1
