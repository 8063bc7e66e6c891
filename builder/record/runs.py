"""The records of runs: PIPELINE/RUN.json in the state folder's runs/ tells what a run came to.

A record is complete at every moment: what reads it, such as the report, needs nothing else.
"""

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import ConfigError, HostError
from builder.model.package import PackageChange
from builder.model.text import plain, rfc3339
from builder.monitor import Monitor
from builder.paths.reading import read_data, reason
from builder.record.builds import moment
from builder.record.readable import readable, told

_CLOSED = "Mend its permissions, or name a state folder of your own with BUILDER_STATE."
_MOST = 16 << 20
"""Bytes of a record."""
_SCHEMA = 1
Result = Literal["published", "unchanged", "failed"]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of a template; sizes in bytes."""

    size: int = 0
    """Of the image file."""
    virtual_size: int = 0
    install_seconds: float = 0
    boot_seconds: float = 0
    packages: int = 0
    checks: int = 0
    """Of the audit and of the clones."""
    passed: int = 0
    """Of those."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Packages of a template that have newer versions in its repositories."""

    updates: int = 0
    security: int = 0
    """With an advisory that is about security; so for the next."""
    important: int = 0
    """Whose severity is Important or Critical."""
    advisories: bool = False
    """Whether its vendor publishes any."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one image."""

    name: str
    result: Result
    seconds: float
    """From the beginning of its first attempt to the end of its last."""
    version: str = ""
    """Of the template; empty after a failure."""
    path: str = ""
    folder: str = ""
    """Of the build in the state folder; empty where none was begun, or was refused."""
    sha256: str = ""
    error: str = ""
    hint: str = ""
    exit_code: int = 0
    """What `builder build` would have exited with."""
    reason: str = ""
    """Why it was built or kept: one line."""
    attempts: int = 1
    began: str = ""
    """RFC 3339, UTC; empty in older records."""
    changes: tuple[PackageChange, ...] = ()
    """From the template before it, for one that was published."""
    figures: Figures | None = None
    """Of the template that was published or kept."""
    waiting: Waiting | None = None
    """None where nobody asked its repositories."""


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """A storage pool at the end of a run; sizes in bytes."""

    name: str
    path: str
    size: int
    """Of its file system."""
    free: int
    used: int
    """By what is in the pool."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One carrying out of a pipeline."""

    schema: Literal[1] = 1
    run_id: str
    """Time and chance, UTC, like a build's id."""
    pipeline: str
    title: str = ""
    jobs: tuple[str, ...]
    """Names of the templates that were to be built."""
    others: tuple[str, ...] = ()
    """Names of the pipeline's other images, which this run did not want."""
    began: str
    """RFC 3339, UTC, like `ended`."""
    ended: str = ""
    """Empty while it runs, and for ever when its process was killed."""
    pid: int = 0
    """Of the process that carries it out; 0 in older records."""
    outcomes: tuple[Outcome, ...] = ()
    """Of the jobs that are over, in that order."""
    pools: tuple[Pool, ...] = ()
    followed: bool = False
    """Whether it came to what follows the builds; one that was killed or interrupted did not."""
    trouble: tuple[str, ...] = ()
    """What failed of that: a sentence each."""

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those images that could not be built."""
        return tuple(each for each in self.outcomes if each.result == "failed")


class _Schema(msgspec.Struct, frozen=True):
    schema: int = _SCHEMA


class Recording:
    """The record of a run that goes on."""

    def __init__(self, path: Path, run: Run) -> None:
        self.path = path
        self.run = run

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; a disk that is full stops no build."""
        self.run = replace(self.run, outcomes=(*self.run.outcomes, outcome))
        with suppress(HostError):
            _write(self.path, self.run)

    def end(self, pools: Sequence[Pool] = ()) -> str:
        """Keep when the run ended, and how full its pools were; return why that failed."""
        self.run = replace(self.run, ended=rfc3339(datetime.now(UTC)), pools=tuple(pools))
        try:
            _write(self.path, self.run)
        except HostError as error:
            return error.message
        return ""

    def begin(self) -> None:
        """Write the record for the first time. Raises HostError."""
        with files.writing(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        _write(self.path, self.run)


def amend(place: Path, run: Run) -> None:
    """Keep more of a run that has ended, below `place`. Raises HostError."""
    _write(folder(place, run.pipeline) / f"{run.run_id}.json", run)


def _write(path: Path, run: Run) -> None:
    with files.replacing(path, mode=0o600) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")


@contextmanager
def recorded(
    place: Path, pipeline: str, *, title: str = "", jobs: Sequence[str], others: Sequence[str] = ()
) -> Iterator[Recording]:
    """Keep the record of a run for the block, below `place`.

    Raises HostError when the record cannot be begun; a disk that fills up later stops no build.
    """
    now = datetime.now(UTC)
    run = Run(
        run_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        pipeline=plain(pipeline),
        title=plain(title),
        jobs=tuple(jobs),
        others=tuple(others),
        began=rfc3339(now),
        pid=os.getpid(),
    )
    recording = Recording(folder(place, pipeline) / f"{run.run_id}.json", run)
    recording.begin()
    try:
        yield recording
    finally:
        if not recording.run.ended:
            recording.end()


def folder(place: Path, pipeline: str) -> Path:
    """Return where the records of a pipeline's runs are."""
    return place / (plain(pipeline).strip(".") or "pipeline")


def runs(place: Path, pipeline: str = "", *, monitor: Monitor) -> tuple[Run, ...]:
    """Return the runs of all pipelines, or of one, oldest first; see `records`."""
    return tuple(run for _path, run in records(place, pipeline, monitor=monitor))


def records(place: Path, pipeline: str = "", *, monitor: Monitor) -> tuple[tuple[Path, Run], ...]:
    """Return the files of those runs with what is in them, oldest first.

    What is no record of ours, or a copy of one, is told and left out. Raises HostError for a folder
    that is there and cannot be read, if it is that of all or of the pipeline that is asked for.
    """
    asked = folder(place, pipeline) if pipeline else None
    found = []
    for path in files.inside(place, hint=_CLOSED):
        if asked in (None, path) and not stat.S_ISREG(path.lstat().st_mode):
            with told(monitor) if asked is None else nullcontext():
                found += readable(path, _read, hint=_CLOSED, monitor=monitor)
    return tuple(sorted(found, key=lambda each: (each[1].began, each[1].run_id)))


def _read(path: Path) -> Run:
    """Return the run in a file. Raises ConfigError for what is no record, or that of another."""
    data = read_data(path, limit=_MOST, links=False)
    try:
        run = msgspec.json.decode(data, type=Run)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ConfigError(f"{path} cannot be read: {_why(data, error)}.") from error
    if path.stem != run.run_id or path.parent.name != folder(path, run.pipeline).name:
        what = f"a copy of the record of {run.run_id}, a run of {run.pipeline}"
        raise ConfigError(f"{path} is no more than {what}.")
    if moment(run.began) is None:
        raise ConfigError(f"{path} does not say when the run began.")
    return run


def _why(data: bytes, error: ValueError | RecursionError) -> str:
    with suppress(ValueError, RecursionError):
        if (schema := msgspec.json.decode(data, type=_Schema).schema) != _SCHEMA:
            return f"another version of builder wrote it, as schema {schema}"
    return reason(error)
