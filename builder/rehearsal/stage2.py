"""Stage 2 of a rehearsal: the installer system, its modules, pykickstart and our own guest."""

import shutil
from importlib import resources
from pathlib import Path

import pykickstart

from builder import process

_HERE = Path(__file__).parent
_GUEST = "usr/lib/python3/dist-packages"
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.mo", "locale")


def build(installer: Path, modules: Path, file: Path) -> None:
    """Pack stage 2 into `file`, a squashfs. Raises HostError."""
    tree = installer / "tree"
    overlay = file.parent / "stage2"
    _copy_guest(overlay / _GUEST)
    shutil.copytree(modules, overlay / "usr", dirs_exist_ok=True)
    start = overlay / "usr/lib/rehearsal/start"
    start.parent.mkdir(parents=True)
    shutil.copy(_HERE / "data/start", start)
    start.chmod(0o755)
    (overlay / "mnt/sysimage").mkdir(parents=True)
    merged = file.parent / "merged"
    process.run(["cp", "--archive", tree, merged])
    process.run(["cp", "--recursive", f"{overlay}/.", merged])
    process.run(["chroot", merged, "python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", f"/{_GUEST}"])
    squash(merged, file)
    shutil.rmtree(merged)


def _copy_guest(where: Path) -> None:
    package = where / "builder/rehearsal"
    shutil.copytree(_HERE / "guest", package / "guest", ignore=_SKIPPED)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    source = resources.files(pykickstart)
    with resources.as_file(source) as folder:
        shutil.copytree(folder, where / "pykickstart", ignore=_SKIPPED)


def squash(tree: Path, file: Path, *options: str | Path) -> None:
    """Pack a tree into a squashfs, the same bytes for the same tree. Raises HostError."""
    process.run(
        ["mksquashfs", tree, file, "-noappend", "-no-progress", "-quiet", "-comp", "zstd",
         "-Xcompression-level", "3", "-all-time", "0", "-mkfs-time", "0", "-no-exports", *options],
    )  # fmt: skip
