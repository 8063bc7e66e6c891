"""SHA256SUMS, as GNU sha256sum writes and checks it."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from builder import files
from builder.errors import HostError, UsageError, explained
from builder.paths import targets
from builder.paths.reading import at_once, read_data

NAME = "SHA256SUMS"
_LARGEST = 16 << 20
"""Bytes: more than 100,000 lines have."""
_MODE = 0o644
"""Of a new one."""
_HINT = "Move it away, or name a file in another folder."
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def record(path: Path, digest: str) -> None:
    """Write the line of `path` in SHA256SUMS beside it; a line of that name is replaced.

    One that is there keeps its mode, owner and group. Raises errors as `check` does, and HostError
    when the folder is full or read-only.
    """
    sums = check(path)
    with files.writing(path.parent), files.locked(path.parent):
        known, state = _text(sums), _state(sums)
        mode = stat.S_IMODE(state.st_mode) if state else _MODE
        with files.replacing(sums, mode=mode) as part, _opened(part) as file:
            if state:
                os.fchown(file.fileno(), state.st_uid, state.st_gid)
            file.write(updated(known, path.name, digest).encode(errors="surrogateescape"))


def check(path: Path) -> Path:
    """Return SHA256SUMS beside `path`, which need not be there, when it can be replaced.

    Raises UsageError for what is no plain file, HostError for what cannot be read, written or kept
    in its owner's hands.
    """
    sums = _beside(path)
    if not (state := _state(sums)):
        return sums
    _text(sums)
    # Also for root there are files that cannot be written, or moved: chattr +i.
    with explained(f"Cannot write {sums}", hint=_HINT):
        os.close(at_once(str(sums), os.O_WRONLY | os.O_NOFOLLOW))
    if os.geteuid() and not _is_ours(state, sums.parent):
        raise HostError(f"{sums} is another user's or group's, and would be yours.", hint=_HINT)
    return sums


def _is_ours(state: os.stat_result, folder: Path) -> bool:
    groups = {os.getegid(), folder.stat().st_gid, *os.getgroups()}
    return state.st_uid == os.geteuid() and state.st_gid in groups


def _opened(part: Path) -> BinaryIO:
    return open(part, "wb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW))


def _text(sums: Path) -> str:
    if not os.path.lexists(sums):
        return ""
    # By now somebody may have laid a link there.
    found = read_data(sums, limit=_LARGEST, links=False, hint=_HINT, error_class=HostError)
    return found.decode(errors="surrogateescape")


def _state(sums: Path) -> os.stat_result | None:
    """Return the state of the file that is there; not that of a link, which is open to all."""
    state = sums.lstat() if os.path.lexists(sums) else None
    return state if state and stat.S_ISREG(state.st_mode) else None


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
