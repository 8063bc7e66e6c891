"""The report's folder: no file in it is replaced or removed but one that we wrote."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from builder import files
from builder.errors import ConfigError, HostError, UsageError
from builder.paths import targets
from builder.paths.reading import is_there, read_json
from builder.report import names

_OURS = frozenset((names.INDEX, names.FEED, names.JUNIT, names.DATA))
_READABLE = 0o644
_MOST = 64 << 20
"""Bytes of report.json."""
_ELSEWHERE = "Name another folder."


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What report.json tells of the report that was there before."""

    generator: str = ""
    id: str = ""
    files: tuple[str, ...] = ()


@contextmanager
def opened(folder: Path, *, mode: int) -> Iterator[Earlier]:
    """Hold the folder for the block, made with `mode` if need be; yield what was there before.

    Raises UsageError for a path that cannot be a report's, HostError for a folder closed to us.
    """
    if is_there(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is no folder.", hint=_ELSEWHERE)
    if is_there(folder / targets.STORE):
        raise UsageError(f"{folder} is a store of templates.", hint=_ELSEWHERE)
    with files.writing(folder):
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=mode, exist_ok=True)
    # Two pipelines may end in one moment: who comes second has the records of both.
    with files.writing(folder), files.locked(folder):
        yield _earlier(folder)


def write(folder: Path, texts: Mapping[str, str], earlier: Earlier) -> None:
    """Write the files by their names, and remove the pages of images that are no more.

    Raises UsageError, before anything is done, when a file of another's has one of the names.
    """
    before = {name for name in earlier.files if name in _OURS or names.is_page(name)}
    for name in texts:
        if name not in before and is_there(folder / name):
            raise UsageError(
                f"{folder / name} is no file of a report of ours, and would be replaced.",
                hint=_ELSEWHERE,
            )
    for name in before - texts.keys():
        if files.own(folder / name):
            with files.writing(folder):
                (folder / name).unlink()
    # It lists all files, so that whatever ends us here, they are known to be ours the next time.
    for name in (names.DATA, *(each for each in texts if each != names.DATA)):
        with files.replacing(folder / name, mode=_mode(folder), durable=False) as part:
            part.write_text(texts[name], encoding="utf-8")


def _earlier(folder: Path) -> Earlier:
    path = folder / names.DATA
    if not files.own(path):
        return Earlier()
    try:
        found = read_json(path, Earlier, limit=_MOST)
    except ConfigError:
        return Earlier()
    return found if found.generator == "builder" else Earlier()


def _mode(folder: Path) -> int:
    """Return the files' mode: who may look into the folder may read them."""
    try:
        return _READABLE & os.stat(folder).st_mode  # noqa: PTH116  # a link to one is followed
    except OSError as error:
        raise HostError(f"Cannot look at {folder}: {error.strerror}.") from error
