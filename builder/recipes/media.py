"""The iso pool as people see it: what the catalogue knows, what is there, and out with one."""

import shlex
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from builder import files
from builder.config import Settings
from builder.errors import MediaError, UsageError
from builder.media.inspect import inspect
from builder.media.obtain import Folders
from builder.model.media import IsoFacts
from builder.model.release import Release
from builder.model.storage import Pool
from builder.model.text import duration
from builder.monitor import Monitor
from builder.paths.reading import is_there
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
    there = {each.name: each for each in files.inside(folders.pool) if each.name.endswith(".iso")}
    records = {each.file: each for each in vouchers.known(folders.state)}
    asked = {each.file: each.asked for each in records.values()}
    rows: dict[str, Row] = {}
    for release in releases:
        for name, medium in release.media.items():
            found = [each for each in there if medium.file in (each, asked.get(each))]
            for file in found or ([] if here else [medium.file]):
                old, what = rows.get(file), f"{release.title}, {name}"
                rows[file] = (
                    msgspec.structs.replace(old, releases=(*old.releases, release.name))
                    if old
                    else _row(release, file, what, there.get(file), records=records)
                )
    strange = (_there(there[each], records=records) for each in there if each not in rows)
    return (*rows.values(), *strange)


def _row(
    release: Release,
    file: str,
    what: str,
    path: Path | None,
    *,
    records: dict[str, vouchers.Record],
) -> Row:
    if path is not None:
        found = _there(path, records=records)
        return msgspec.structs.replace(found, what=what, releases=(release.name,))
    ways = {True: "made when it is built", False: "for you to add"}
    state = "can be fetched" if release.urls else ways[release.made_here]
    size = next((each.size for each in release.media.values() if each.file == file), None)
    return Row(file=file, what=what, releases=(release.name,), state=state, size=size or 0)


def _there(path: Path, *, records: dict[str, vouchers.Record]) -> Row:
    state = path.stat()
    facts = _facts(path)
    return Row(
        file=path.name,
        there=True,
        state=_state(path, records.get(path.name)) if facts else "damaged",
        size=state.st_size,
        age=_age(time.time() - state.st_mtime),
        volume_id=facts.volume_id if facts else "",
    )


def _state(path: Path, record: vouchers.Record | None) -> str:
    if record is None:
        return "unverified"
    known = files.remembered(path)
    if known and known != record.sha256:
        return "another file than was verified"
    return str(record.voucher) if known else f"{record.voucher}, and not looked at since"


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
        raise UsageError(f"The pool has no ISO {name}.", hint="`builder iso list` shows them.")
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
