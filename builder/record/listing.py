"""Which builds there are in a folder of builds, and which one a word means."""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from builder.errors import HostError, UsageError, explained, suggest
from builder.files import inside
from builder.model.traces import is_build
from builder.monitor import Monitor
from builder.record.builds import CLOSED, Build, load, opened

T = TypeVar("T")
_NEWEST = 10
"""So many builds are worth a hint."""
_NONE = "There are none at all: `builder build NAME` makes the first."


def builds(place: Path, name: str = "", *, monitor: Monitor) -> tuple[Build, ...]:
    """Return all builds, or those of one release, newest first.

    Folders in it that are closed to us are told. Raises HostError when the folder of builds is
    there and cannot be read.
    """
    found, closed = _survey(place, name)
    for error in closed.values():
        monitor.tell("warning", error.message.removesuffix("."))
    return found


def find(place: Path, word: str) -> Build:
    """Return the build that `word` means: a folder, an id or the beginning of one, or a release.

    A release stands for its newest build. Raises UsageError when there is none, or more than one,
    HostError when it may be in a folder that is closed to us.
    """
    # Whatever the folder is where one stands, it is none that was asked for.
    read = opened if os.sep in word else load
    here = read(_followed(Path(word))) if word else None
    if here is not None:
        return here
    known, closed = _survey(place)
    same = [each for each in known if each.record.name == word]
    if same:
        return _sound(same)[0]
    alike = [each for each in known if word and each.record.build_id.startswith(word)]
    exact = _sound([each for each in alike if each.record.build_id == word])
    if len(exact or alike) == 1:
        return (exact or alike)[0]
    raise _unclear(word, exact or alike) if alike else _unknown(word, known, closed)


def _sound(found: list[Build]) -> list[Build]:
    """Return the builds without a flaw, if there are any: others may be copies, or no builds."""
    return [each for each in found if not each.flaw] or found


def _survey(place: Path, name: str = "") -> tuple[tuple[Build, ...], dict[Path, HostError]]:
    """Return the builds, newest first, and why others may not be read, by folder."""
    closed: dict[Path, HostError] = {}
    releases = [each for each in inside(place, hint=CLOSED) if name in ("", each.name)]
    folders = _readable(releases, _of_release, closed)
    found = list(_readable(folders, lambda each: filter(None, [opened(each)]), closed))
    found.sort(key=lambda each: (each.began, each.record.build_id), reverse=True)
    return tuple(found), closed


def _readable(
    paths: Iterable[Path], read: Callable[[Path], Iterable[T]], closed: dict[Path, HostError]
) -> Iterator[T]:
    for path in paths:
        try:
            yield from read(path)
        except HostError as error:
            closed[path] = error


def _of_release(folder: Path) -> list[Path]:
    with explained(f"Cannot read {folder}", hint=CLOSED):
        is_one = folder.is_dir()
    return inside(folder, hint=CLOSED) if is_one else []


def _followed(path: Path) -> Path:
    """Return the build's own folder of a link that people have to it."""
    with suppress(OSError, RuntimeError):  # a loop of links
        return path.resolve(strict=True)
    return path


def _unclear(word: str, alike: list[Build]) -> UsageError:
    ids = sorted({each.record.build_id for each in alike})
    if len(ids) == len(alike):
        sentence, hint = f"{len(alike)} builds begin with {word}.", "Say more of it"
        return UsageError(sentence, hint=f"{hint}: {', '.join(ids)}.")
    folders = ", ".join(shlex.quote(path) for path in sorted(str(each.folder) for each in alike))
    what = f"have the id {word}" if ids == [word] else f"begin with {word}, some with the same id"
    return UsageError(f"{len(alike)} builds {what}.", hint=f"Name one by its folder: {folders}.")


def _unknown(
    word: str, known: tuple[Build, ...], closed: Mapping[Path, HostError]
) -> UsageError | HostError:
    looks_like_an_id = word[:1].isdigit()
    for path, error in closed.items():
        hides = looks_like_an_id and not is_build(path.name)  # a release's, with all in it
        if word and (hides or word == path.parent.name or path.name.startswith(word)):
            return error
    ids = [each.record.build_id for each in known][:_NEWEST]
    words = ids if looks_like_an_id else {each.record.name for each in known}
    return UsageError(f"There is no build {word!r}.", hint=suggest(word, words, none=_NONE))
