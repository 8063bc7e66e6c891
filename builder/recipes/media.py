"""The iso pool as people see it: what the catalogue knows, what is there, and out with one."""

import os
import shlex
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from builder import files
from builder.config import Settings
from builder.errors import MediaError, UsageError
from builder.media.inspect import inspect
from builder.media.obtain import Folders
from builder.model.media import IsoFacts
from builder.model.release import Medium, Release
from builder.model.storage import Pool
from builder.model.text import duration
from builder.monitor import Monitor
from builder.paths.reading import is_plain, is_there
from builder.recipes import steps
from builder.record import vouchers
from builder.record.builds import ABANDONED, DETACHED, RUNNING, STOPPED
from builder.record.checkpoint import Checkpoint
from builder.record.listing import builds
from builder.registry import retention
from builder.virt import usage
from builder.virt.connection import Connection

_OPEN = (RUNNING, ABANDONED, DETACHED, STOPPED)
_DAY = 86_400
_UNDERWAY = ".part"
"""The ending of a download's name until it is whole."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A medium of the catalogue, an ISO of the pool, or both."""

    file: str
    what: str = ""
    """Empty for what no row of the catalogue knows."""
    releases: tuple[str, ...] = ()
    there: bool = False
    state: str
    size: int = 0
    """Bytes; of one that is not there what the catalogue says, if it does."""
    age: str = ""
    """Since it was last written."""
    volume_id: str = ""


def listing(
    releases: Iterable[Release], folders: Folders, *, here: bool = False
) -> tuple[Row, ...]:
    """Return the catalogue's media, with what is there of them, and what else is in the pool.

    With `here` only what is there.
    """
    records = vouchers.known(folders.state)
    there = {each.file: each for each in _isos(folders.pool, records)}
    asked = {each.file: each.asked for each in reversed(records)}
    rows: dict[str, Row] = {}
    for release in releases:
        for name, medium in release.media.items():
            found = [each for each in there if medium.file in (each, asked.get(each))]
            for file in found or ([] if here else [medium.file]):
                old = rows.get(file) or there.get(file) or _absent(release, medium)
                rows[file] = msgspec.structs.replace(
                    old,
                    what=old.what or f"{release.title}, {name}",
                    releases=(*old.releases, release.name),
                )
    strange = (row for file, row in there.items() if file not in rows)
    return (*rows.values(), *strange)


def _absent(release: Release, medium: Medium) -> Row:
    ways = {True: "made when it is built", False: "for you to add"}
    state = "can be fetched" if medium.urls or release.urls else ways[release.made_here]
    return Row(file=medium.file, state=state, size=medium.size or 0)


def _isos(pool: Path, records: Sequence[vouchers.Record]) -> Iterator[Row]:
    """Yield what of the pool is an ISO: by what it holds, or what it was or should have been.

    Names do not tell: an ISO may be added under any, and be copied into the pool by anybody.
    """
    names = {each.file for each in records}
    for path in files.inside(pool):
        if path.name.startswith("."):  # no volume of a pool to libvirt, nor one to be removed
            continue
        named = path.name.lower().endswith(".iso") or path.name in names
        underway = path.suffix == _UNDERWAY
        facts = None if underway and not named else _facts(path)
        if facts or (named and is_plain(path)):
            state = path.stat()
            yield Row(
                file=path.name,
                there=True,
                state=_state(path, records) if facts else _unread(path),
                size=state.st_size,
                age=_age(time.time() - state.st_mtime),
                volume_id=facts.volume_id if facts else "",
            )


def _unread(path: Path) -> str:
    return "damaged" if os.access(path, os.R_OK) else "unreadable"


def _state(path: Path, records: Sequence[vouchers.Record]) -> str:
    """Return who vouches for its content, if that is known; else for what once had its name."""
    known = files.remembered(path)
    if same := next((each for each in records if each.sha256 == known), None):
        return str(same.voucher)
    named = next((each for each in records if each.file == path.name), None)
    if named is None:
        return "unverified"
    return (
        "another file than was verified" if known else f"{named.voucher}, and not looked at since"
    )


def _age(seconds: float) -> str:
    return f"{seconds / _DAY:.0f} days" if seconds > 2 * _DAY else duration(max(seconds, 0))


def _facts(path: Path) -> IsoFacts | None:
    try:
        return inspect(path)
    except MediaError:
        return None


def remove(
    name: str, pool: Pool, *, connection: Connection, settings: Settings, monitor: Monitor
) -> Path:
    """Remove an ISO from the pool. Raises UsageError while somebody uses it."""
    path = pool.path / name
    if "/" in name or name.startswith(".") or not is_there(path) or not path.is_file():
        raise UsageError(f"The pool has no ISO {name!r}.", hint="`builder iso list` shows them.")
    if files.held(path):
        raise UsageError(f"{name} stays: it is being downloaded.", hint="Wait, or stop that.")
    if user := next(_builds(path, settings, monitor), ""):
        raise UsageError(
            f"{name} stays: the build {user} has not ended.",
            hint=f"`builder builds show {shlex.quote(user)}` tells how far it is; "
            "if it was killed, `builder gc --kept` clears it.",
        )
    users = usage.users(usage.uses(connection, leaving=path), path)
    if why := retention.used(users):
        raise UsageError(f"{name} stays: {why[0]}.", hint=retention.remedy(users))
    for each in retention.perhaps(usage.unseen(connection)):
        monitor.tell("warning", each)
    with files.writing(pool.path):
        path.unlink()
    return path


def _builds(path: Path, settings: Settings, monitor: Monitor) -> Iterator[str]:
    """Yield the ids of builds that have not ended, and have staged this ISO."""
    for build in builds(settings.builds, monitor=monitor):
        if build.state in _OPEN:
            iso = steps.stage_iso.result(Checkpoint.read(build.folder))
            if iso is not None and iso.path == path:
                yield build.record.build_id
