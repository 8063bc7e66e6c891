"""A build that left a folder in the state folder, and how it is doing."""

import os
import shlex
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder import files
from builder.errors import ConfigError, HostError
from builder.model.template import StepTime
from builder.model.text import unbroken
from builder.model.traces import Traces, is_build
from builder.paths.reading import read_json

FILE = "build.json"
CLOSED = "Mend its permissions, or name a state folder of your own with BUILDER_STATE."
"""What to do about folders that may not be read."""
RUNNING = "running"
ABANDONED = "abandoned"
"""build.json says that it runs, but nobody is at it: its process was killed."""
DETACHED = "detached"
"""So was it, but its guest runs on: only who asks libvirt can tell."""
STOPPED = "stopped"
"""The host failed, and not the build: somebody can go on with it."""
OPEN = (ABANDONED, STOPPED)
"""The states of builds that have not ended, and that nobody is at."""

_MISFIT = "Put the folder's name, NAME/ID, or its build.json right; or remove the folder."
_MOST = 1 << 20
"""Bytes of a record."""
_LAST = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()
"""A file may be of a year to come that is no date of ours."""
_HEARD = (FILE, "events.jsonl", "console.log", "virtio.log", "result.log")
"""What grows while a build goes on, also when its process has gone and its guest has not."""


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a build.json of any version of ours; whatever is not in it is empty."""

    build_id: str
    name: str
    home: str = ""
    """The folder that it was begun in; empty in older records."""
    pid: int = 0
    state: str = ""
    """"running", "stopped", "done", "failed", "interrupted" or "cleared" (by gc)."""
    step: str = ""
    """What a build does now, or did when it failed."""
    error: str = ""
    hint: str = ""
    began: str = ""
    """RFC 3339, UTC, like `ended`."""
    ended: str = ""
    exit_code: int | None = None
    version: str = ""
    """Of the published template."""
    steps: tuple[StepTime, ...] = ()
    kept: bool = True
    """Whether what is left of it was meant to stay (--keep); older records do not say."""


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """A build, as its folder tells."""

    folder: Path
    record: BuildRecord
    state: str
    """That of the record, "abandoned" or "detached"."""
    began: datetime
    seconds: float
    """Until its end, or until now while it runs; until it was last heard of if it was abandoned."""

    @property
    def traces(self) -> Traces:
        """What it is known by on its host."""
        record = self.record
        return Traces(id=record.build_id, name=record.name, folder=self.folder, began=self.began)

    @property
    def flaw(self) -> str:
        """Why nobody may act on what its record says, which names what is removed; else empty."""
        return self._flaw[0]

    @property
    def remedy(self) -> str:
        """What to do about that."""
        return self._flaw[1]

    @property
    def _flaw(self) -> tuple[str, str]:
        record = self.record
        try:
            where = self.folder.lstat()
        except OSError:
            return "its folder is gone", "`builder gc` clears what is left of it."
        if not is_build(record.build_id) or record.build_id != self.folder.name:
            return "its record is not that of the build that its folder is named by", _MISFIT
        if record.name != self.folder.parent.name:
            what = "its record is not that of a build of the template that its folder is named by"
            return what, _MISFIT
        if not stat.S_ISDIR(where.st_mode):
            return "its folder is a link", "Name the folder that it leads to."
        return self._flaw_of_place(owner=where.st_uid)

    def _flaw_of_place(self, *, owner: int) -> tuple[str, str]:
        record = self.record
        if record.home and not same(Path(record.home), self.folder):
            what = f"it was begun in {record.home}, of which this folder is no more than a copy"
            return what, "`builder attach` and `builder gc` act on it there alone."
        if owner != os.geteuid():
            return "its folder is another user's", "Only its owner can go on with it or clear it."
        return "", ""

    @property
    def result(self) -> str:
        """What it does, what it came to, or why not: one line."""
        if self.record.error:
            return unbroken(self.record.error)
        if self.state in (ABANDONED, DETACHED):
            guest = "its guest runs, " if self.state == DETACHED else ""
            attach = self.flaw or f"`builder attach {shlex.quote(self.record.build_id)}`"
            return f"{self.record.step}: {guest}{attach}"
        return self.record.version if self.state == "done" else self.record.step


def folder(place: Path, name: str, build_id: str) -> Path:
    """Return the folder of a build of the template `name`."""
    return place / name / build_id


def folder_of(place: Path, name: str, build_id: str) -> Path | None:
    """Return the folder of the build that a manifest names; None where that is not an id."""
    return folder(place, name, build_id) if is_build(build_id) else None


def is_folder(path: Path) -> bool:
    """Tell whether a folder of ours is there, and no link to one."""
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return False


def same(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one folder, which is there."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # ValueError: a NUL in what a record says
        return False


def load(folder: Path) -> Build | None:
    """Return the build whose folder this is; None for any other folder, or one closed to us."""
    try:
        return opened(folder)
    except HostError:
        return None


def opened(folder: Path) -> Build | None:
    """Return the build whose folder this is; None for any other folder.

    Raises HostError for one that we may not read.
    """
    known = _read(folder)
    left = known is not None and known[0].state == RUNNING and not files.held(folder)
    if left:  # what it came to is written before it is let go: that may have been since
        known = _read(folder)
    if known is None:
        return None
    record, touched = known
    state = ABANDONED if left and record.state == RUNNING else record.state
    began = moment(record.began) or born(record.build_id) or _at(touched)
    ended = datetime.now(UTC) if state == RUNNING else moment(record.ended) or _at(touched)
    if state == ABANDONED:
        ended = heard(folder) or ended
    seconds = max(0.0, (ended - began).total_seconds())
    return Build(folder=folder, record=record, state=state, began=began, seconds=seconds)


def _read(folder: Path) -> tuple[BuildRecord, float] | None:
    """Return the record, and when it was written; None where there is none."""
    path = folder / FILE
    try:
        return read_json(path, BuildRecord, limit=_MOST), path.stat().st_mtime
    except (OSError, ConfigError) as error:
        if isinstance(error.__cause__, PermissionError):
            raise HostError(f"Cannot read {path}: Permission denied.", hint=CLOSED) from error
        return None


def heard(folder: Path) -> datetime | None:
    """Return when a build, or the guest that it left behind, was last heard of."""
    times = []
    for name in _HEARD:
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return _at(max(times)) if times else None


def moment(text: str) -> datetime | None:
    """Return a moment of a record; None where there is none."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # at the ends of time a zone leads beyond
        return None


def born(build_id: str) -> datetime | None:
    """Return the time with which an id begins, as the journal makes it; None for another word."""
    try:
        return datetime.strptime(build_id.partition("-")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(min(max(timestamp, 0), _LAST), UTC)
