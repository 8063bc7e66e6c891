"""Packages/ and repodata/ of the medium."""

import hashlib
import random
import shutil
from pathlib import Path, PurePosixPath

from builder import process
from builder.rehearsal import repodata

_FILLER_MIB = 64


def add(root: Path, system: Path, *, timestamp: int) -> None:
    """Put the offered packages of the target system and their repodata into the medium's tree."""
    folder = root / "Packages"
    folder.mkdir()
    files = sorted((system / "packages").glob("*.deb"))
    fields = {file: process.run(["dpkg-deb", "--field", file]).stdout for file in files}
    controls = {file: repodata.parse_control(text) for file, text in fields.items()}
    base = frozenset((system / "installed").read_text().split())
    offered = frozenset(control["Package"] for control in controls.values())
    described = []
    for file, control in controls.items():
        shutil.copy(file, folder)
        needs = ", ".join(control.get(field, "") for field in ("Pre-Depends", "Depends"))
        wanted = repodata.requires(needs.strip(", "), base=base, offered=offered)
        described.append(_describe(file, control, wanted))
    _write_repodata(root / "repodata", described, timestamp=timestamp)


def _describe(file: Path, control: dict[str, str], requires: tuple[str, ...]) -> repodata.Package:
    content = file.read_bytes()
    return repodata.Package(
        name=control["Package"],
        version=control["Version"],
        arch=control["Architecture"],
        summary=control.get("Description", ""),
        location=PurePosixPath("Packages") / file.name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        requires=requires,
    )


def _write_repodata(folder: Path, packages: list[repodata.Package], *, timestamp: int) -> None:
    folder.mkdir()
    primary = repodata.primary(packages)
    (folder / "primary.xml.gz").write_bytes(primary)
    (folder / "repomd.xml").write_bytes(repodata.repomd(primary, timestamp=timestamp))


def pad(root: Path, size_mib: int, *, dist: str) -> None:
    """Fill Packages/ with files that do not compress until the tree is `size_mib` big.

    `dist` is what their names end with, such as el7.
    """
    present = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    missing = size_mib - present // 2**20
    source = random.Random(size_mib)  # noqa: S311  # the same filler every time, nothing secret
    for number, done in enumerate(range(0, missing, _FILLER_MIB), start=1):
        name = f"rehearsal-filler-{number:03d}-1.0-1.{dist}.noarch.rpm"
        size = min(_FILLER_MIB, missing - done)
        with (root / "Packages" / name).open("wb") as file:
            for _ in range(size):
                file.write(source.randbytes(2**20))
