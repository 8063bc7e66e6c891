"""What a remaster adds: files and folders of this host, each looked at before anything is written.

Links are followed, for an ISO would carry their text to where it leads nowhere.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from builder.errors import ConfigError, UsageError, explained
from builder.iso.patch import Span

_MOST_FOLDERS = 65535
"""What an ISO's path table can number; links into each other would lead to more."""
_KINDS = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a pipe",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class Additions(msgspec.Struct, frozen=True, kw_only=True):
    """What goes along, by its place on the ISO: "repo/Packages/a.rpm"."""

    files: Mapping[str, Span]
    folders: tuple[str, ...]
    """Those that are folders here, parents first; empty ones too."""
    modes: Mapping[str, int]
    """Of files and folders, as stat has them."""


class _Found(msgspec.Struct, frozen=True):
    path: Path
    place: str
    above: tuple[tuple[int, int], ...] = ()
    """Device and inode of the folders that it is in."""


def collect(wanted: Iterable[tuple[Path, str]]) -> Additions:
    """Return what to add of the pairs of a path here and a place on the ISO.

    Raises UsageError for what is no place, ConfigError for what cannot be added.
    """
    files: dict[str, Span] = {}
    folders: dict[str, None] = {}
    modes: dict[str, int] = {}
    for source, destination in wanted:
        for each, state in _walked(_Found(source, _inside(source, destination))):
            if stat.S_ISDIR(state.st_mode):
                folders[each.place] = None
            else:
                files[each.place] = _span(each.path)
            modes[each.place] = state.st_mode
    return Additions(files=files, folders=tuple(folders), modes=modes)


def digest(span: Span) -> str:
    """Return the sha256 of a whole file that is added."""
    path = span.path or Path()
    with (
        explained(f"Cannot add {path}", hint="Can you read it?", error_class=ConfigError),
        path.open("rb") as file,
    ):
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_changed(contents: Iterable[bytes | Span]) -> None:
    """Raise ConfigError for files that are not what they were when they were looked at."""
    for each in contents:
        if isinstance(each, Span) and each.path is not None:
            state = _state(each.path)
            if (state.st_size, state.st_mtime_ns) != (each.length, each.changed):
                raise ConfigError(
                    f"{each.path} changed while it was added.",
                    hint="Add a copy of it that stays as it is.",
                )


def _inside(source: Path, destination: str) -> str:
    parts = PurePosixPath(destination.strip("/")).parts
    if not parts or ".." in parts:
        raise UsageError(
            f"{destination!r} is no place on the ISO.", hint="Give SRC:DEST, such as repo:repo."
        )
    if destination.endswith("/") and not stat.S_ISDIR(_state(source).st_mode):
        raise UsageError(
            f"{destination!r} is a folder's name, and {source} is a file.",
            hint=f"Give {source}:{destination}{source.name}.",
        )
    return "/".join(parts)


def _walked(first: _Found) -> Iterator[tuple[_Found, os.stat_result]]:
    """Yield what is found at a place and below it, parents first, in the order of their names."""
    waiting, folders = [first], 0
    while waiting:
        each = waiting.pop()
        state = _state(each.path)
        yield each, state
        if stat.S_ISDIR(state.st_mode):
            folders += 1
            waiting += reversed(_below(each, (state.st_dev, state.st_ino)))
        if folders > _MOST_FOLDERS:
            raise ConfigError(
                f"{first.path} has more than {_MOST_FOLDERS} folders: no ISO can have them.",
                hint="Do links in it lead into each other?",
            )


def _state(path: Path) -> os.stat_result:
    with explained(f"Cannot add {path}", hint="Can you read it?", error_class=ConfigError):
        try:
            found = path.stat()
        except FileNotFoundError:
            raise _nothing(path) from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise ConfigError(
            f"{path} cannot be added: it is {kind}, no file or folder.",
            hint="Leave it out of what you add.",
        )
    return found


def _nothing(path: Path) -> ConfigError:
    if path.is_symlink():
        return ConfigError(
            f"{path} cannot be added: the link leads nowhere.",
            hint="Remove it, or put right what it points at.",
        )
    return ConfigError(
        f"There is nothing to add at {path}.", hint="Give a file or folder of this host."
    )


def _below(folder: _Found, itself: tuple[int, int]) -> list[_Found]:
    if itself in folder.above:
        raise ConfigError(
            f"{folder.path} cannot be added: the link leads back to a folder that it is in.",
            hint="Remove that link.",
        )
    with explained(f"Cannot add {folder.path}", hint="Can you read it?", error_class=ConfigError):
        found = sorted(folder.path.iterdir())
    above = (*folder.above, itself)
    return [_Found(each, f"{folder.place}/{each.name}", above) for each in found]


def _span(path: Path) -> Span:
    """Return the whole of a file. Files of /proc and /sys give no length, or a wrong one."""
    with (
        explained(f"Cannot add {path}", hint="Can you read it?", error_class=ConfigError),
        path.open("rb", buffering=0) as file,
    ):
        state = os.fstat(file.fileno())
        length = state.st_size
        ends = not length or os.pread(file.fileno(), 1, length - 1)
        if not ends or os.pread(file.fileno(), 1, length):
            raise ConfigError(
                f"{path} is not as long as it says, {length} bytes.",
                hint="Copy it with cat, and add the copy.",
            )
    return Span(path=path, at=0, length=length, changed=state.st_mtime_ns)
