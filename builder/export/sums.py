"""SHA256SUMS, as GNU sha256sum writes and checks it."""

from pathlib import Path

from builder import files
from builder.errors import HostError
from builder.paths import targets
from builder.paths.reading import read_data

NAME = "SHA256SUMS"
_LARGEST = 16 << 20
"""Bytes: more than 100,000 lines have."""
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def record(path: Path, digest: str) -> None:
    """Write the line of `path` in SHA256SUMS beside it; a line of that name is replaced.

    Raises HostError when the folder is full or read-only.
    """
    sums = targets.target(path.with_name(NAME), force=True)
    with files.writing(path.parent), files.locked(path.parent):
        known = read(path)
        with files.replacing(sums, mode=0o644) as part:
            part.write_text(updated(known, path.name, digest), errors="surrogateescape")


def read(path: Path) -> str:
    """Return what SHA256SUMS beside `path` holds; "" where there is none.

    Raises UsageError for what cannot be written again, HostError for what cannot be read.
    """
    sums = targets.target(path.with_name(NAME), force=True)
    if not sums.exists():
        return ""
    hint = "Move it away, or name a file in another folder."
    found = read_data(sums, limit=_LARGEST, hint=hint, error_class=HostError)
    return found.decode(errors="surrogateescape")


def updated(text: str, name: str, digest: str) -> str:
    """Return the lines of SHA256SUMS with that of the file `name`."""
    mine = line(name, digest)
    others = [each for each in text.split("\n") if each and _name(each) != _name(mine)]
    return "".join(f"{each}\n" for each in (*others, mine))


def line(name: str, digest: str) -> str:
    """Return a file's line; a leading backslash says that its name is escaped (coreutils)."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in name)
    mark = "\\" if escaped != name else ""
    return f"{mark}{digest}  {escaped}"


def _name(text: str) -> str:
    """Return the escaped name; a star before it says that the file was read as binary."""
    return text.lstrip("\\").partition(" ")[2][1:]
