"""What a build has written into its folder, which may go, and what somebody else has put there."""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from builder import files
from builder.errors import HostError, explained
from builder.model.traces import scratch_of
from builder.record.builds import FILE

_MEND = "Mend its permissions."
_LOG = r"(?:console|virtio|result|installer|clone-[ab](?:-report)?)\.(?:log(?:\.\d+)?|txt)"
"""virtlogd puts a log aside that has become large, under a number."""
_FOLDERS = ("audit", "audit/screens", "screens")
_CHECKS = "user-checks"
"""A profile's own files, of any name, which a killed build has left."""
_OURS = re.compile(
    rf"(?:audit/)?(?:{_LOG}|screens/\d{{4,6}}-\d{{1,9}}s\.png)"
    r"|(?:build|audit|clones|manifest|\.results)\.json|events\.jsonl"
    r"|kickstart\.ks|domain\.xml|dossier\.html"
    r"|(?:clone-[ab]|screenshot)\.(?:png|ppm)"
    r"|[^/]+\.qcow2\.intoto\.jsonl"
)


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a build's folder."""

    ours: tuple[Path, ...]
    """Files and folders that builds write, in an order in which they can be removed."""
    images: tuple[Path, ...]
    """Links to published images, also those that lead nowhere."""
    others: tuple[Path, ...]
    """What no build writes: somebody's notes."""
    size: int
    """Bytes of what is ours."""


def contents(folder: Path) -> Contents:
    """Return what is in a build's folder. Raises HostError where that cannot be read.

    What vanishes meanwhile is not in it.
    """
    ours, images, others, size = list[Path](), list[Path](), list[Path](), 0
    for path in _walk(folder):
        with explained(f"Cannot read {path}", hint=_MEND):
            try:
                state = path.lstat()
            except FileNotFoundError:
                continue
        if path.parent == folder and path.suffix == ".qcow2" and not stat.S_ISDIR(state.st_mode):
            images.append(path)
        elif _is_ours(path.relative_to(folder).as_posix(), state.st_mode):
            ours.append(path)
            size += state.st_size if stat.S_ISREG(state.st_mode) else 0
        else:
            others.append(path)
    return Contents(ours=tuple(ours), images=tuple(images), others=tuple(others), size=size)


def _walk(folder: Path, name: str = "") -> Iterator[Path]:
    """Yield what is in a folder, and in those that builds make, before these; follow no link."""
    for path in files.inside(folder, hint=_MEND):
        its = f"{name}{path.name}"
        if its in _FOLDERS and path.is_dir() and not path.is_symlink():
            yield from _walk(path, f"{its}/")
        yield path


def _is_ours(name: str, mode: int) -> bool:
    """Tell whether what has that name, seen from the build's folder, is a build's."""
    if stat.S_ISDIR(mode):
        return name in (*_FOLDERS, _CHECKS)
    above, slash, last = name.rpartition("/")
    half = scratch_of(last)
    name = f"{above}{slash}{half}" if half else name
    return stat.S_ISREG(mode) and _OURS.fullmatch(name) is not None


def remove(folder: Path, found: Contents) -> None:
    """Remove a build's folder, with what is in it, which must be `ours` alone; hold its lock.

    The record goes last, so that whoever comes after a killed process finds the rest. Raises
    HostError, also when somebody has put something there meanwhile.
    """
    record = folder / FILE
    with explained(f"Cannot remove {folder}", hint=_MEND):
        for path in found.ours:
            if path != record:
                _unlink(path)
        if added := [each for each in os.listdir(folder) if each != FILE]:  # noqa: PTH208  # names
            raise HostError(f"{folder / added[0]} is new.", hint="Move it elsewhere.")
        record.unlink(missing_ok=True)
        folder.rmdir()


def _unlink(path: Path) -> None:
    if not path.is_symlink() and path.is_dir():
        if path.name == _CHECKS:
            shutil.rmtree(path)
        else:
            path.rmdir()
    else:
        path.unlink(missing_ok=True)
