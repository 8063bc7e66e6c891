"""Remove old records of builds: folders with logs and pages, of builds that have ended."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from builder import files
from builder.errors import explained
from builder.host import cleanup
from builder.host.host import Host
from builder.monitor import Monitor
from builder.paths.reading import is_there
from builder.record import artifacts
from builder.record.builds import Build
from builder.record.listing import builds

_ENDED = ("done", "failed", "interrupted", "cleared")


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a build, and what became of it."""

    build_id: str
    name: str
    state: str
    folder: Path
    size: int
    """Bytes of its files."""
    kept: str = ""
    """Why it stays; empty where it is gone, or would be."""


def prune(
    host: Host, name: str = "", *, keep: int, dry_run: bool, monitor: Monitor
) -> tuple[Pruned, ...]:
    """Remove the records of builds that have ended, but for the newest `keep` of each template.

    One stays as long as it tells of something that is there: a template, or what a build has left
    on the host, which is known by it. `dry_run` only tells. Raises HostError.
    """
    counted: Counter[str] = Counter()
    found = []
    for build in builds(host.settings.builds, name, monitor=monitor):
        why = _open(build)
        if not why:
            counted[build.record.name] += 1
            newest = counted[build.record.name] <= keep
            why = f"one of the newest {keep}" if newest else _needed(host, build)
        told = _told(build, why)
        if not is_there(build.folder):  # any more: one that finds nothing changed removes its own
            continue
        if not (why or dry_run):
            _remove(build, links=host.settings.artifacts)
        found.append(told)
    return tuple(found)


def _open(build: Build) -> str:
    """Return why a build is none that has ended, or none of ours; else an empty text."""
    if build.flaw:
        return build.flaw
    if files.held(build.folder):
        return "a process is at it"
    ended = build.state in _ENDED
    return (
        "" if ended else "it has not ended: `builder attach` goes on with it, `builder gc` clears"
    )


def _needed(host: Host, build: Build) -> str:
    if images := [path.name for path in build.folder.glob("*.qcow2") if is_there(path)]:
        return f"{images[0]} is there"
    if cleanup.left(host, build.traces):
        return "`builder gc --kept` clears what it has left on the host"
    return ""


def _told(build: Build, why: str) -> Pruned:
    with explained(f"Cannot read {build.folder}", hint="Mend its permissions."):
        size = sum(map(_size, _inside(build.folder)))
    return Pruned(
        build_id=build.record.build_id,
        name=build.record.name,
        state=build.state,
        folder=build.folder,
        size=size,
        kept=why,
    )


def _inside(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and those in it, but for images; it may vanish meanwhile."""
    for path in files.inside(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _inside(path)
        elif path.suffix != ".qcow2":
            yield path


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):  # the running build's: those come and go
        return path.lstat().st_size
    return 0


def _remove(build: Build, *, links: Path | None) -> None:
    with explained(f"Cannot remove {build.folder}", hint="Mend its permissions."):
        artifacts.unlink(links, build.folder)
        with suppress(FileNotFoundError):  # somebody else removes it as well
            shutil.rmtree(build.folder)
