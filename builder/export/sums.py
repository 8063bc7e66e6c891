"""SHA256SUMS, as GNU sha256sum writes and checks it."""

import os
import stat
from pathlib import Path

from builder import files
from builder.errors import HostError, UsageError
from builder.paths import targets
from builder.paths.reading import read_data

NAME = "SHA256SUMS"
_LARGEST = 16 << 20
"""Bytes: more than 100,000 lines have."""
_MODE = 0o644
"""Of a new one."""
_HINT = "Move it away, or name a file in another folder."
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def record(path: Path, digest: str) -> None:
    """Write the line of `path` in SHA256SUMS beside it; a line of that name is replaced.

    One that is there keeps its mode. Raises UsageError as `read` does, and HostError when the
    folder is full or read-only.
    """
    sums = _beside(path)
    with files.writing(path.parent), files.locked(path.parent):
        known = _text(sums)
        with files.replacing(sums, mode=_mode(sums)) as part:
            part.write_text(updated(known, path.name, digest), errors="surrogateescape")


def read(path: Path) -> str:
    """Return what SHA256SUMS beside `path` holds; "" where there is none.

    Raises UsageError for what cannot be written again, HostError for what cannot be read.
    """
    return _text(_beside(path))


def _text(sums: Path) -> str:
    if not os.path.lexists(sums):
        return ""
    # By now somebody may have laid a link there.
    found = read_data(sums, limit=_LARGEST, links=False, hint=_HINT, error_class=HostError)
    return found.decode(errors="surrogateescape")


def _mode(sums: Path) -> int:
    """Return the mode of the file that is there; not that of a link, which is open to all."""
    state = sums.lstat().st_mode if os.path.lexists(sums) else 0
    return stat.S_IMODE(state) if stat.S_ISREG(state) else _MODE


def _beside(path: Path) -> Path:
    """Return SHA256SUMS beside `path`, which may be written.

    Nobody has named it: a link there was laid by somebody, and leads where nobody meant to write.
    """
    sums = path.with_name(NAME)
    if sums.is_symlink():
        raise UsageError(f"{sums} is a link.", hint=_HINT)
    targets.target(sums, force=True)
    return sums


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
