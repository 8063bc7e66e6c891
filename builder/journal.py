"""How far a build came, on disk while it runs: for others to see, to go on with, to clear up."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import msgspec

from builder.errors import BuilderError, HostError, UsageError
from builder.model.template import StepTime
from builder.monitor import Monitor
from builder.results import Results, replace

State = Literal["running", "done", "failed", "interrupted", "abandoned"]

_RECORD, _TIMES = "build.json", "times"
T = TypeVar("T")


class _Times(msgspec.Struct, frozen=True):
    steps: tuple[StepTime, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The content of build.json. "running" is what a killed build says as well: see `held`."""

    build_id: str
    name: str
    pid: int
    state: State
    began: str = ""
    """RFC 3339, UTC; so for `ended`."""
    ended: str = ""
    step: str = ""
    error: str = ""
    hint: str = ""
    exit_code: int = 0
    version: str = ""
    """Of the template that came of it."""
    steps: tuple[StepTime, ...] = ()


class Journal:
    """One build's folder under artifacts/; use it as a context manager, alone.

    What its steps came to is kept, for its owner only, until the build has ended.
    """

    def __init__(self, folder: Path, entry: Entry, *, monitor: Monitor) -> None:
        self.folder = folder
        self.entry = entry
        self._monitor = monitor
        self.results = Results(folder / ".results.json")
        """What the steps came to, until the build has ended."""
        self._handle = -1

    @classmethod
    def begin(cls, artifacts: Path, name: str, *, monitor: Monitor) -> Self:
        """Return the journal of a new build."""
        now = datetime.now(UTC)
        build_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        entry = Entry(
            build_id=build_id, name=name, pid=os.getpid(), state="running", began=_stamp(now)
        )
        return cls(artifacts / name / build_id, entry, monitor=monitor)

    @classmethod
    def join(cls, folder: Path, *, monitor: Monitor) -> Self:
        """Return the journal of a build whose process has gone, to go on with it.

        Raises UsageError for a build that has ended.
        """
        entry = read(folder)
        if entry is None or entry.state != "running":
            raise UsageError(
                f"The build {folder.name} has ended{f' ({entry.state})' if entry else ''}.",
                hint="`builder builds list` shows those that are running.",
            )
        return cls(folder, msgspec.structs.replace(entry, pid=os.getpid()), monitor=monitor)

    @property
    def build_id(self) -> str:
        """Time and chance, UTC; part of the name of everything that the build makes."""
        return self.entry.build_id

    def __enter__(self) -> Self:
        """Make the folder. Raises HostError when it cannot be made, or another process has it."""
        with _explained(f"Cannot make the folder {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise HostError(
                f"Another process carries out the build {self.build_id}.",
                hint=f"`builder builds log --follow {self.build_id}` shows what it does.",
            ) from error
        self.results.load()
        done = self.results.get(_TIMES, _Times) or _Times()
        self._update(step="", steps=done.steps)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Record how the build ended; one that left no evidence leaves no folder either."""
        try:
            if self.folder.exists():
                self._end(error)
        finally:
            os.close(self._handle)

    def _end(self, error: BaseException | None) -> None:
        self.results.forget()
        ended = _stamp(datetime.now(UTC))
        if error is None:
            running = self.entry.state == "running"
            self._update(state="done" if running else self.entry.state, step="", ended=ended)
            return
        with suppress(HostError):  # the first failure is the one to tell
            self._update(ended=ended, **_failure(error))
        if {path.name for path in self.folder.iterdir()} <= {_RECORD}:
            self.discard()
        else:
            self._monitor.note(f"evidence: {self.folder}")

    def keep(self, values: Mapping[str, object]) -> None:
        """Keep values for whoever goes on with the build. Raises HostError."""
        with _explained(f"Cannot write into {self.folder}"):
            self.results.keep(values)

    def step(self, title: str, kind: type[T], work: Callable[[], T]) -> T:
        """Announce, time and record one step; one that was finished before is not done again."""
        if (known := self.results.get(title, kind)) is not None:
            return known
        began = time.monotonic()
        self._update(step=title)
        with self._monitor.step(title):
            value = work()
        done = StepTime(step=title, seconds=round(time.monotonic() - began, 2))
        times = _Times((*self.entry.steps, done))
        self.keep({title: value, _TIMES: times})
        self._update(step="", steps=times.steps)
        return value

    def finish(self, *, state: State = "done", version: str = "") -> None:
        """Say what came of the build; it ends with the block."""
        self._update(state=state, version=version)

    def write(self, name: str, text: str) -> Path:
        """Keep a text of the build in its folder. Raises HostError when it does not take it."""
        path = self.folder / name
        with _explained(f"Cannot write {path}"):
            path.write_text(text)
        return path

    def link(self, image: Path) -> Path:
        """Make the published image reachable in the folder, without a copy of it."""
        here = self.folder / image.name
        with suppress(FileExistsError):
            try:
                here.hardlink_to(image)
            except OSError:  # another file system
                here.symlink_to(image)
        return here

    def discard(self) -> None:
        """Forget the build: nothing was done. The folder goes away."""
        shutil.rmtree(self.folder)
        with suppress(OSError):  # other builds of that name keep theirs
            self.folder.parent.rmdir()

    def _update(self, **changes: object) -> None:
        self.entry = msgspec.structs.replace(self.entry, **changes)
        if not self.folder.exists():
            return
        text = msgspec.json.format(msgspec.json.encode(self.entry), indent=2) + b"\n"
        with _explained(f"Cannot write {self.folder / _RECORD}"):
            replace(self.folder / _RECORD, text, mode=0o644)


def read(folder: Path) -> Entry | None:
    """Return what the build in the folder says of itself; None if there is none."""
    try:
        return msgspec.json.decode((folder / _RECORD).read_bytes(), type=Entry)
    except (OSError, msgspec.DecodeError):
        return None


def held(folder: Path) -> bool:
    """Tell whether a process carries out the build right now."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _failure(error: BaseException) -> dict[str, object]:
    if isinstance(error, BuilderError):
        code = {"hint": error.hint, "exit_code": error.exit_code}
        return {"state": "failed", "error": error.message, **code}
    if isinstance(error, Exception):
        return {"state": "failed", "error": str(error), "exit_code": 1}
    return {"state": "interrupted", "error": str(error), "exit_code": 130}


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HostError(
            f"{what}: {error.strerror}.",
            hint="Free some space there, or choose another folder with BUILDER_ARTIFACTS.",
        ) from error
