"""The payload: the system to install, as one archive ordered by package."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_MERGED = ("/bin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/sbin/")


ARCHIVE, CONTENTS = "payload.tar", "payload.contents"


def ensure(system: Path, cache: Path) -> Path:
    """Return a folder with the payload, which all layouts share: made now unless the cache has it.

    An older one, which no layout needs any more, goes away.
    """
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    folder = cache / f"payload-{system.name.removeprefix('target-')}-{own}"
    if not folder.is_dir():
        for old in cache.glob("payload-*"):
            shutil.rmtree(old)
        part = folder.with_name(f"{folder.name}.partial")
        build(system / "tree", part)
        part.rename(folder)
    return folder


def build(tree: Path, images: Path) -> None:
    """Write payload.tar and payload.contents.

    A line of payload.contents is `PACKAGE<tab>END`: the archive holds the package's files up to
    the byte END. What no package owns comes last, under no name.

    The archive is not compressed, and no file system: one process that reads one file is what an
    emulated machine does fastest, by a factor of three.
    """
    images.mkdir(parents=True, exist_ok=True)
    ends: dict[str, int] = {}
    with tarfile.open(images / ARCHIVE, "w", format=tarfile.GNU_FORMAT) as archive:
        for package, path in order(walk(tree), owners(tree)):
            archive.add(tree / path, arcname=path, recursive=False)
            ends[package] = archive.offset
    text = "".join(f"{package}\t{end}\n" for package, end in ends.items())
    (images / CONTENTS).write_text(text)


def owners(tree: Path) -> dict[str, str]:
    """Return the package that owns each path; shared folders belong to the first one."""
    owned: dict[str, str] = {}
    for listing in sorted((tree / "var/lib/dpkg/info").glob("*.list")):
        package = listing.name.removesuffix(".list").partition(":")[0]
        for path in listing.read_text().splitlines():
            owned.setdefault(_merged(path), package)
    return owned


def _merged(path: str) -> str:
    # dpkg lists files where their package has them; a merged /usr has them elsewhere.
    return f"/usr{path}" if path.startswith(_MERGED) else path


def walk(tree: Path) -> Iterator[str]:
    """Yield every path of the tree, parents first, in a stable order; without the tree itself."""
    for folder, folders, files in os.walk(tree):
        folders.sort()
        inside = f"/{Path(folder).relative_to(tree)}".removesuffix("/.").rstrip("/")
        for name in sorted([*folders, *files]):
            yield f"{inside}/{name}"


def order(paths: Iterable[str], owned: dict[str, str]) -> list[tuple[str, str]]:
    """Return (package, path without its leading slash), sorted by package, unowned paths last."""
    entries = [(owned.get(path, ""), path.lstrip("/")) for path in paths]
    return sorted(entries, key=lambda entry: (not entry[0], entry[0]))
