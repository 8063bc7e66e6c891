"""What is on the host of builds and checks that nobody here knows: another user's, or nobody's."""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import msgspec

from builder import files
from builder.config import BUILDS, Settings
from builder.errors import HostError, UsageError
from builder.host import cleanup
from builder.host.host import Host
from builder.model.traces import Traces, id_in, is_build, is_check
from builder.record.builds import load
from builder.record.listing import find
from builder.virt.connection import connect
from builder.virt.ours import Ours, ours


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """The domains of one build or check, and those of their disks that have its id."""

    traces: Traces
    """What the first of its domains says."""
    homes: tuple[Path, ...]
    """Its folders, as all of them say."""
    domains: tuple[str, ...]
    files: tuple[Path, ...]
    active: bool

    @property
    def claimed(self) -> str:
        """Which folder of it is there, or may be: then it is its owner's business."""
        return next((str(each) for each in self.homes if _may_be_there(each)), "")

    @property
    def unseen(self) -> str:
        """Which folder of it may only be out of sight: on another disk, or in a container."""
        return next((str(each) for each in self.homes if not _had_its_place(each)), "")

    @property
    def left(self) -> tuple[str, ...]:
        """The names of its domains and the paths of its files."""
        return (*self.domains, *map(str, self.files))


def domains_of_others(host: Host, known: Collection[str]) -> tuple[Stray, ...]:
    """Return what says to be of builds or checks, but for those with the known ids."""
    every = [each for each in ours(host.connection) if each.maker.id not in known]
    every.sort(key=lambda each: (each.maker.id, each.name))
    groups = groupby(every, key=lambda each: each.maker.id)
    return tuple(_stray(host, tuple(group)) for _id, group in groups)


def files_of_others(host: Host, known: Collection[str]) -> dict[str, tuple[Path, ...]]:
    """Return the files in the pools whose names have the form of a build's, by id."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in _in_pools(host):
        build_id = id_in(path.name)
        if build_id and build_id not in known:
            found[build_id] = (*found.get(build_id, ()), path)
    return found


def located(settings: Settings, word: str) -> Path:
    """Return the folder of the build that `word` means; libvirt knows where others have theirs.

    Raises UsageError and HostError as `find` does.
    """
    try:
        return find(settings.builds, word).folder
    except (UsageError, HostError):
        with suppress(HostError), connect(settings.uri) as connection:
            makers = {each.maker.home for each in ours(connection) if each.maker.id == word}
            for home in filter(load, makers):
                return home
        raise


def _may_be_there(home: Path) -> bool:
    try:
        os.lstat(home)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def _had_its_place(home: Path) -> bool:
    """Tell whether the folder of builds that it was in, or beside, is there and is ours.

    Where that is not, its disk may not be mounted, or it is another container's.
    """
    place = home.parent / BUILDS if is_check(home.name) else home.parent.parent
    named = is_build(home.name) or is_check(home.name)
    if not home.is_absolute() or not named or place.name != BUILDS:
        return False
    with suppress(OSError):
        found = place.stat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return False


def _stray(host: Host, group: tuple[Ours, ...]) -> Stray:
    traces = group[0].maker
    disks = {disk for each in group for disk in each.disks}
    return Stray(
        traces=traces,
        homes=tuple(dict.fromkeys(each.maker.home for each in group)),
        domains=tuple(each.name for each in group),
        files=tuple(each for each in cleanup.files_of(host, traces) if each in disks),
        active=any(each.active for each in group),
    )


def _in_pools(host: Host) -> Iterator[Path]:
    for folder in dict.fromkeys((host.iso_pool.path, host.store_pool.path)):
        yield from files.inside(folder)
