"""Files that others wrote, read with bounds: no pipe that hangs, nothing too large or too deep."""

import codecs
import errno
import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from builder.errors import BuilderError, ConfigError

_T = TypeVar("_T")

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODING = "Save it as UTF-8."
_DEEPEST = 32
"""Tables in tables; beyond, whatever walks through them would run out of stack."""
_TOML = 1 << 20
_MOST_DOTS = 300
"""In a line of TOML: tomllib takes the square of a key's parts, 24 seconds for 40,000."""


def is_file(path: Path, *, error_class: type[BuilderError] = ConfigError) -> bool:
    """Tell whether there is a plain file. Raises `error_class` where that cannot be found out."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise error_class(
            f"Cannot look at {path}: {reason(error)}.",
            hint="Check the path, and that you may enter the folders above it.",
        ) from error


def is_there(path: Path) -> bool:
    """Tell whether there is something to be seen, where a link leads to as well.

    Not so what only pathlib raises for: names that are too long, links through a closed folder.
    """
    return os.path.exists(path)  # noqa: PTH110  # which raises for nothing


def is_plain(path: Path) -> bool:
    """Tell whether there is a plain file to be seen; see `is_there`."""
    return os.path.isfile(path)  # noqa: PTH113  # which raises for nothing


class NotPlainError(OSError):
    """What is there is no plain file."""


@contextmanager
def pinned(path: Path, *, links: bool = True) -> Iterator[tuple[str, os.stat_result]]:
    """Yield a name that is for the block that of what is there now, and its state.

    To open a device may set it off, a pipe waits for its other end, and whatever is looked at may
    be replaced before it is opened by its own name. Raises OSError.
    """
    handle = os.open(path, os.O_PATH | (0 if links else os.O_NOFOLLOW))
    try:
        yield f"/proc/self/fd/{handle}", os.fstat(handle)
    finally:
        os.close(handle)


def open_plain(path: Path, *, links: bool = True) -> BinaryIO:
    """Open a plain file to read it, or with `links` one that a link leads to.

    Raises NotPlainError for anything else, and OSError when the system refuses.
    """
    with pinned(path, links=links) as (name, state):
        _refuse_odd(path, state.st_mode)
        if not state.st_size:
            # The kernel calls its own empty: some of them wait, or lose what is read (/proc/kmsg).
            return os.fdopen(os.memfd_create("empty"), "rb")
        # Without O_NONBLOCK: who has a lease on it (a file server) is waited for.
        return open(path, "rb", opener=lambda _path, flags: os.open(name, flags))


def _refuse_odd(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise NotPlainError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise NotPlainError(errno.EINVAL, "it is no plain file", str(path))


def read_data(
    path: Path,
    *,
    limit: int,
    pipes: bool = False,
    links: bool = True,
    hint: str = "",
    error_class: type[BuilderError] = ConfigError,
) -> bytes:
    """Return a file's bytes, `limit` at most. Raises `error_class` for one that cannot be read.

    `pipes` is for files that a person has named: `<(pass show root)` is one. What is only found
    in a folder must be a plain file, for nobody may ever write to that pipe; without `links` it
    must be that itself.
    """
    try:
        found = _named(path, limit + 1) if pipes else _found(path, limit + 1, links=links)
    except (OSError, ValueError) as error:
        if pipes and isinstance(error, FileNotFoundError | NotADirectoryError):
            hint = "Check the path."
        raise error_class(f"Cannot read {path}: {reason(error)}.", hint=hint) from error
    if len(found) > limit:
        raise error_class(f"Cannot read {path}: it is larger than {limit} bytes.", hint=hint)
    return found


def _found(path: Path, most: int, *, links: bool) -> bytes:
    with open_plain(path, links=links) as file:
        return file.read(most)


def _named(path: Path, most: int) -> bytes:
    """Return what comes from a file or pipe. Raises OSError for a pipe to which nobody writes."""
    with open(path, "rb", opener=at_once) as file:
        first = file.raw.read(most)  # None: somebody who writes to that pipe has not yet begun
        if first == b"" and stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EPIPE, "nobody writes to that pipe", str(path))
        os.set_blocking(file.fileno(), True)
        begun = first or b""
        return begun + file.read(most - len(begun))


def at_once(path: str, flags: int) -> int:
    """Open what may be a pipe without waiting for its other end, new files with mode 0666."""
    try:
        return os.open(path, flags | os.O_NONBLOCK, 0o666)
    except BlockingIOError:  # somebody has a lease on that file: the kernel ends it, if we wait
        return os.open(path, flags, 0o666)


def read_text(
    path: Path,
    *,
    limit: int = 16 << 20,
    pipes: bool = False,
    hint: str = "Give a text file.",
    error_class: type[BuilderError] = ConfigError,
) -> str:
    """Return a file's text; see `read_data`. Raises `error_class` also for what is no text.

    The mark that editors of Windows put before UTF-8 is no part of it.
    """
    data = read_data(path, limit=limit, pipes=pipes, hint=hint, error_class=error_class)
    if is_wide(data):
        raise error_class(f"Cannot read {path}: it is text in UTF-16.", hint=_ENCODING)
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise error_class(
            f"Cannot read {path}: it is no text in UTF-8 (line {line}).", hint=_ENCODING
        ) from error


def is_wide(data: bytes) -> bool:
    """Tell whether it is text in UTF-16, with a mark before it or not.

    Of one with Latin letters every other byte is a NUL.
    """
    return data.startswith(_WIDE) or data.count(0) * 3 > len(data)


def read_toml(path: Path, *, pipes: bool = False, hint: str = "Mend that line.") -> dict[str, Any]:
    """Return a TOML file's tables. Raises ConfigError for one that cannot be read or is none."""
    return parse_toml(read_text(path, limit=_TOML, pipes=pipes, hint=hint), source=str(path))


def parse_toml(text: str, *, source: str) -> dict[str, Any]:
    """Return the tables in a text; `source` is its name for messages. Raises ConfigError."""
    lines = text.split("\n")
    dotted = (number for number, line in enumerate(lines, 1) if line.count(".") > _MOST_DOTS)
    if number := next(dotted, 0):
        raise ConfigError(
            f"{source} has more than {_MOST_DOTS} dots in line {number}.",
            hint="Write what is in it on lines of their own.",
        )
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        raise ConfigError(
            f"{source} is not TOML: {reason(error)}.", hint="Mend that line."
        ) from error
    if _too_deep(tables):
        raise ConfigError(f"{source} has tables in more than {_DEEPEST} tables.", hint="Mend that.")
    return tables


def read_json(
    path: Path,
    kind: type[_T],
    *,
    limit: int = 16 << 20,
    hint: str = "",
    error_class: type[BuilderError] = ConfigError,
) -> _T:
    """Return what a JSON file holds. Raises `error_class` for one that cannot be read or is none.

    The error's cause is the OSError of a file that is not there.
    """
    data = read_data(path, limit=limit, hint=hint, error_class=error_class)
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise error_class(f"{path} is damaged: {reason(error)}.", hint=hint) from error


def as_path(kind: type[Any], value: object, *, folder: Path = Path()) -> Path:
    """Return a text of a settings file as the path that it means, seen from a folder.

    Raises ValueError, which msgspec reports with the key, for anything else.
    """
    if kind is not Path or not isinstance(value, str | Path):
        raise ValueError(f"expected a {kind.__name__}")
    if "\0" in str(value):
        raise ValueError("a path has no NUL in it")
    str(value).encode()  # a ValueError as well: libvirt's XML and our records are UTF-8
    return folder / value


def reason(error: Exception) -> str:
    """Return why something cannot be read, to go on after a colon."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).partition(";")[0] or type(error).__name__


def _too_deep(tables: dict[str, Any]) -> bool:
    level: list[Any] = [tables]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
