"""Stage 2 of a rehearsal: the installer system, its modules, pykickstart and our own guest."""

import hashlib
import shutil
import tempfile
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import pykickstart

from builder import process

_HERE = Path(__file__).parent
_GUEST = "usr/lib/python3/dist-packages"
# pykickstart wants requests at its import. There is no network in stage 2, and under emulation the
# real one takes as long to load as the whole rest of the installer.
_REQUESTS = {
    "__init__.py": (
        "from requests.exceptions import RequestException\n\n\n"
        "def get(url, **_options):\n"
        "    raise RequestException('a rehearsal has no network to fetch ' + url + ' from')\n"
    ),
    "exceptions.py": (
        "class RequestException(OSError):\n    pass\n\n\n"
        "class SSLError(RequestException):\n    pass\n"
    ),
}
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.mo", "locale")


def ensure(installer: Path, modules: Path, cache: Path) -> Path:
    """Return stage 2, a squashfs that all layouts share: made now unless the cache has it.

    An older one, which no layout needs any more, goes away. Raises HostError.
    """
    file = cache / f"stage2-{_key(installer)}.img"
    if not file.is_file():
        for old in cache.glob("stage2-*"):
            old.unlink()
        part = file.with_suffix(".partial")
        _build(installer, modules, part)
        part.rename(file)
    return file


def _key(installer: Path) -> str:
    digest = hashlib.sha256(f"{installer.name} {version('pykickstart')}".encode())
    for path in sorted([_HERE / "data/start", Path(__file__), *(_HERE / "guest").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build(installer: Path, modules: Path, file: Path) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent) as name:
        tree = Path(name) / "stage2"
        process.run(["cp", "--archive", installer / "tree", tree])
        shutil.copytree(modules, tree / "usr", dirs_exist_ok=True)
        for kernel in (modules / "lib/modules").iterdir():
            process.run(["chroot", tree, "depmod", kernel.name])
        start = tree / "usr/lib/rehearsal/start"
        start.parent.mkdir()
        shutil.copy(_HERE / "data/start", start)
        start.chmod(0o755)
        (tree / "mnt/sysimage").mkdir()
        _copy_guest(tree / _GUEST)
        _compile(tree)
        _squash(tree, file, newest=int((installer / "tree").stat().st_mtime))


def _copy_guest(where: Path) -> None:
    package = where / "builder/rehearsal"
    shutil.copytree(_HERE / "guest", package / "guest", ignore=_SKIPPED)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (where / "requests").mkdir()
    for name, text in _REQUESTS.items():
        (where / "requests" / name).write_text(text)
    with resources.as_file(resources.files(pykickstart)) as folder:
        shutil.copytree(folder, where / "pykickstart", ignore=_SKIPPED)


def _compile(tree: Path) -> None:
    python = ["chroot", str(tree), "python3", "-m", "compileall", "-q"]
    process.run([*python, "--invalidation-mode", "unchecked-hash", f"/{_GUEST}"])


def _squash(tree: Path, file: Path, *, newest: int) -> None:
    # Files keep their times: Python compiles anew whatever is not as old as its bytecode says.
    # Only ours, which are newer than the system, get the system's: stage 2 is then the same at
    # every make.
    process.run(
        ["mksquashfs", tree, file, "-noappend", "-no-progress", "-quiet", "-no-exports",
         "-comp", "zstd", "-Xcompression-level", "3"],
        env={"SOURCE_DATE_EPOCH": str(newest)},
    )  # fmt: skip
