"""Paths that users name for files to be written: judged before any work for them begins."""

import os
import re
import shlex
import stat
from contextlib import suppress
from pathlib import Path

from builder.errors import HostError, UsageError, explained

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}


STORE = ".templates.lock"
"""The lock of a store of templates, by which such a folder is known."""
VERSION = r"[0-9]{8}\.[0-9]{1,9}"
"""Of a template."""
_REGISTRY = re.compile(rf".+(\.channels\.json|-{VERSION}\.(json|qcow2(\.intoto\.jsonl)?))", re.S)
"""Names that mean something in a store: a file of ours there would pass for a template."""
_LONGEST = 240
"""Bytes of a name; what is written has a longer one, of 255 at most, until it is whole."""


def named(text: str) -> Path:
    """Return the path that a user calls `text`, whose slash at the end means a folder.

    Raises UsageError when that folder is not there: the path alone would make it a file's name.
    """
    if text.endswith(("/", "/.")) and not Path(text).exists():
        raise UsageError(
            f"There is no folder {text}.", hint=f"`mkdir -p {shlex.quote(text)}` makes it."
        )
    return Path(text)


def target(path: Path, *, force: bool = False) -> Path:
    """Return where to write the file that a user calls `path`; a link stays, and is followed.

    With `force`, a plain file there may be replaced, but for one in a store of templates, where no
    file is to pass for a template either.
    Raises UsageError for anything else that is there, HostError for a folder closed to us.
    """
    if str(path) == "-":
        raise UsageError("This cannot go to standard output.", hint="Name a file.")
    with explained(f"Cannot write {path}", hint="Name another file.", error_class=UsageError):
        _refuse_odd(path)
        if path.exists() and not force:
            hint = "--force replaces it, or name another file."
            raise UsageError(f"{path} exists already.", hint=hint)
        found = Path(os.path.realpath(path))
        _refuse_name(found, there=path.exists())
    _refuse_folder(found.parent)
    return found


def inside(path: Path, usual: str) -> Path:
    """Return the path of the file `usual` in it where that is a folder, else `path`."""
    with suppress(OSError):
        return path / usual if path.is_dir() else path
    return path


def same(one: Path, other: Path) -> bool:
    """Tell whether two paths are those of one file that is there."""
    with suppress(OSError):
        return one.samefile(other)
    return False


def stream(path: Path) -> Path:
    """Return the path of what is written piece by piece, as `target` does.

    That may also go to the end of a plain file, or to a pipe or terminal; "-" is standard output.
    """
    if str(path) == "-":
        return Path("/dev/stdout")
    try:
        mode = path.stat().st_mode
    except OSError:
        return target(path)
    return path if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) else target(path, force=True)


def oddity(path: Path, *, follow: bool = False) -> str:
    """Return what is there if that is neither a plain file nor nothing, such as "a folder"."""
    return _KINDS.get(_kind(path, follow=follow), "")


def _refuse_odd(path: Path) -> None:
    kind = _kind(path, follow=True)
    if not kind and path.is_symlink():
        raise UsageError(
            f"{path} is a link to {path.readlink()}, where nothing is.",
            hint="Name the file itself, or remove the link.",
        )
    if kind in _KINDS:
        name = path.absolute()  # an empty path is this folder
        raise UsageError(f"{name} is {_KINDS[kind]}.", hint=_hint(kind, name))


def _refuse_name(found: Path, *, there: bool) -> None:
    if len(os.fsencode(found.name)) > _LONGEST:
        raise UsageError(f"Cannot write {found}: File name too long.", hint="Name another file.")
    ours = there or found.name == STORE or _REGISTRY.fullmatch(found.name)
    if ours and (found.parent / STORE).exists():
        why = "nothing is replaced" if there else "only templates have such names"
        raise UsageError(
            f"{found} is in a store of templates, where {why}.",
            hint="Name a file in another folder.",
        )


def _hint(kind: int, name: Path) -> str:
    if kind == stat.S_IFBLK:
        burn = f"`builder iso burn FILE {shlex.quote(str(name))}`"
        return f"Write a file; {burn} then puts an ISO on that device."
    return "Name a file in it." if kind == stat.S_IFDIR else "Name a file that is not there yet."


def _kind(path: Path, *, follow: bool) -> int:
    """Return the file's type as stat has it; 0 where nothing is."""
    try:
        return stat.S_IFMT(path.stat(follow_symlinks=follow).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _refuse_folder(folder: Path) -> None:
    if not folder.exists():
        raise UsageError(f"There is no folder {folder}.", hint="Make it, or name another.")
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder.", hint="Name a file in a folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HostError(
            f"Cannot write to {folder}: it is closed to you, or read-only.",
            hint="Name a file in another folder.",
        )
