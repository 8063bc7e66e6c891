"""The payload image: the system to install, ordered by package."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from builder.rehearsal.stage2 import squash

_MERGED = ("/bin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/sbin/")


def build(tree: Path, images: Path) -> None:
    """Write payload.squashfs and payload.contents, its files in the order of the packages.

    A line of payload.contents is `PACKAGE<tab>PATH`; what no package owns comes last, with no name.
    Raises HostError.
    """
    images.mkdir(parents=True, exist_ok=True)
    entries = order(walk(tree), owners(tree))
    text = "".join(f"{package}\t{path}\n" for package, path in entries)
    (images / "payload.contents").write_text(text)
    # Without fragments: small files of one block would each cost the decompression of many.
    squash(tree, images / "payload.squashfs", "-no-fragments", "-b", "128K")


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
