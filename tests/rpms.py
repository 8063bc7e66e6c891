"""Small rpms and repositories of them, by rpmbuild and createrepo_c."""

import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from tests.mirrors import Mirror

MISSING = [tool for tool in ("rpmbuild", "createrepo_c") if not shutil.which(tool)]
_SPEC = """\
Name: {name}
Epoch: {epoch}
Version: {version}
Release: {release}
Summary: {name}
License: MIT
BuildArch: noarch
%description
{name}
%files
"""


def rpm(folder: Path, name: str, evr: str) -> Path:
    """Put an empty noarch package into the folder; `evr` is [EPOCH:]VERSION-RELEASE."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{evr.rpartition(':')[2]}.noarch.rpm"
    path.write_bytes(_built(name, evr))
    return path


@lru_cache(maxsize=64)
def _built(name: str, evr: str) -> bytes:
    epoch, _, full = evr.rpartition(":")
    version, _, release = full.partition("-")
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "a.spec")
        spec.write_text(_SPEC.format(name=name, epoch=epoch or 0, version=version, release=release))
        defines = (f"_topdir {folder}/build", f"_rpmdir {folder}", "_build_id_links none")
        _call("rpmbuild", "-bb", *(word for each in defines for word in ("--define", each)), spec)
        return Path(folder, f"noarch/{name}-{version}-{release}.noarch.rpm").read_bytes()


def repository(folder: Path, *options: str) -> None:
    """Write the metadata of what is in the folder, anew."""
    _call("createrepo_c", "--quiet", *options, folder)


def modules(folder: Path, text: Path) -> None:
    """Add modules.yaml to the metadata."""
    _call("modifyrepo_c", "--mdtype=modules", text, folder / "repodata")


def serve(mirror: Mirror, folder: Path, path: str) -> str:
    """Have a server serve the folder's metadata at a path, and nothing else there."""
    for each in [each for each in mirror.files if each.startswith(f"{path}/")]:
        del mirror.files[each]
    for file in (folder / "repodata").iterdir():
        mirror.files[f"{path}/repodata/{file.name}"] = file.read_bytes()
    return f"{mirror.url}{path}"


def _call(*argv: str | Path) -> None:
    subprocess.run(argv, check=True, capture_output=True)
