"""How far a build came, on disk while it runs: for others to see, to go on with, to clear up."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from builder import files
from builder.errors import BuilderError, ConfigError, HostError, UsageError
from builder.model.text import rfc3339
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.record.builds import FILE, RUNNING, STOPPED, BuildRecord, folder, heard, load, moment
from builder.record.checkpoint import Checkpoint
from builder.record.events import FILE as FILE_OF_EVENTS
from builder.record.events import EventLog, have_alone
from builder.record.recorder import Recorder
from builder.record.times import Times

_HINT = "Choose another folder with BUILDER_STATE."
T = TypeVar("T")


class Journal:
    """One build's folder in the state folder; use it as a context manager, alone.

    What its steps came to is kept, for its owner only, until the build has ended.
    """

    def __init__(
        self, where: Path, record: BuildRecord, *, events: Path | None, monitor: Monitor
    ) -> None:
        self.folder = where
        self.record = record
        began = moment(record.began) or datetime.now(UTC)
        self.traces = Traces(id=record.build_id, name=record.name, folder=where, began=began)
        """What the build is known by on its host."""
        self._log = EventLog(began=began)
        self._paths = (where / FILE_OF_EVENTS, *([events] if events else []))
        self._open: ExitStack | None = None
        self._is_new, self._is_ours, self._goes_on = True, False, False
        self.monitor = Recorder(monitor, self._log)
        """Within the block it writes down what it is told: events.jsonl, and the file `events`."""
        self.checkpoint = Checkpoint(where)
        """What the steps came to, until the build has ended."""
        self._times = Times(self.checkpoint)

    @classmethod
    def begin(cls, place: Path, name: str, *, events: Path | None = None, monitor: Monitor) -> Self:
        """Return the journal of a new build, its folder below `place`."""
        now = datetime.now(UTC)
        where = folder(place, name, f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}")
        record = BuildRecord(
            build_id=where.name,
            name=name,
            home=str(where),
            pid=os.getpid(),
            state=RUNNING,
            began=rfc3339(now, "milliseconds"),
            kept=False,
        )
        return cls(where, record, events=events, monitor=monitor)

    @classmethod
    def join(cls, where: Path, *, events: Path | None = None, monitor: Monitor) -> Self:
        """Return the journal of a build whose process has gone, or stopped, to go on with it.

        Raises UsageError for a build that has ended, HostError for what is no build of ours.
        """
        again = {"state": RUNNING, "error": "", "hint": "", "ended": "", "exit_code": None}
        record = msgspec.structs.replace(_open(where), pid=os.getpid(), **again)
        journal = cls(where, record, events=events, monitor=monitor)
        journal._is_new = False
        return journal

    @property
    def build_id(self) -> str:
        """Time and chance, UTC; part of the name of everything that the build makes."""
        return self.record.build_id

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else be at the build for the block, and change nothing of it.

        Raises HostError when its folder cannot be made or another process has it, UsageError when
        it has ended meanwhile.
        """
        with ExitStack() as undo:
            what = f"Cannot make the folder {self.folder}"
            with files.writing(self.folder, what=what, hint=_HINT):
                if self._is_new:
                    # Guests, scripts and screens may tell what opens something.
                    self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                else:
                    _open(self.folder)
                self._lock(undo)
            if not self._is_new:
                _open(self.folder)  # it may have ended before we had it
            self.checkpoint.load()
            self._times.resume(heard=heard(self.folder))
            self._is_ours = True
            undo.callback(setattr, self, "_is_ours", False)
            yield

    def __enter__(self) -> Self:
        """Make the folder, and have it alone. Raises as `alone` does."""
        with ExitStack() as undo:
            if not self._is_ours:
                undo.enter_context(self.alone())
            have_alone(self._paths[0])
            try:
                undo.enter_context(self._log.opened(*self._paths))
            except BuilderError:
                if self._is_new:
                    self.discard()
                raise
            self._open = undo.pop_all()
        self._update(step="", steps=self._times.steps)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Record how the build ended; one that was refused, or given up early, leaves no folder."""
        try:
            if self.folder.exists():
                self._end(error)
        finally:
            self._log.tell("end", self.record.state)
            if self._open:
                self._open.close()

    def _lock(self, undo: ExitStack) -> None:
        try:
            undo.enter_context(files.locked(self.folder, wait=False))
        except BlockingIOError as error:
            sentence = f"Another process carries out the build {self.build_id}."
            hint = f"`builder builds log --follow {self.build_id}` shows what it does."
            raise HostError(sentence, hint=hint, may_pass=True) from error

    def _end(self, error: BaseException | None) -> None:
        if not (error and self._goes_on):
            self.checkpoint.forget()
        ended = rfc3339(datetime.now(UTC), "milliseconds")
        if error is None:
            running = self.record.state == RUNNING
            self._update(state="done" if running else self.record.state, step="", ended=ended)
            return
        with suppress(HostError):  # the first failure is the one to tell
            state = {"state": STOPPED} if self._goes_on else {}
            self._update(ended=ended, **(_failure(error) | state))
        given_up = isinstance(error, (UsageError, ConfigError)) or not isinstance(error, Exception)
        if given_up and {path.name for path in self.folder.iterdir()} <= {FILE, FILE_OF_EVENTS}:
            self.discard()
        else:
            self.monitor.tell("note", f"evidence: {self.folder}")

    def step(self, name: str, title: str, kind: type[T], do: Callable[[], T]) -> T:
        """Announce, time and record one step; one that was finished before is not done again.

        What it comes to is kept under `name`, which stays when the title is reworded.
        """
        if (known := self.checkpoint.get(name, kind)) is not None:
            return known
        self._times.begin(name)
        self._update(step=title)
        with self.monitor.step(title):
            value = do()
        self._times.end(name, title, value)
        self._update(step="", steps=self._times.steps)
        return value

    def finish(self, *, state: str = "done", version: str = "") -> None:
        """Say what came of the build; it ends with the block."""
        self._update(state=state, version=version)

    def stop(self) -> None:
        """Let somebody go on with the build after the error that ends the block."""
        self._goes_on = True

    def keep(self) -> None:
        """Say that what it leaves is meant to stay."""
        self._update(kept=True)

    def write(self, name: str, text: str) -> None:
        """Keep a text of the build, for its owner. Raises HostError when it cannot be written."""
        path = self.folder / name
        with files.writing(self.folder, what=f"Cannot write {path}", hint=_HINT):
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")

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
        with suppress(OSError):
            shutil.rmtree(self.folder)
        if self.folder.exists():  # somebody looked at it, who wrote its page meanwhile
            shutil.rmtree(self.folder)
        with suppress(OSError):  # other builds of that name keep theirs
            self.folder.parent.rmdir()

    def _update(self, **changes: object) -> None:
        self.record = msgspec.structs.replace(self.record, **changes)
        if not self.folder.exists():
            return
        text = msgspec.json.format(msgspec.json.encode(self.record), indent=2) + b"\n"
        with files.replacing(self.folder / FILE, mode=0o644, durable=False) as part:
            part.write_bytes(text)


def _open(where: Path) -> BuildRecord:
    """Return the record of a build that has not ended; raise as `join` does."""
    known = load(where)
    if known and known.flaw:
        sentence = f"The build {where} is left alone: {known.flaw}."
        raise HostError(sentence, hint=known.remedy)
    if known is None or known.record.state not in (RUNNING, STOPPED):
        raise UsageError(
            f"The build {where.name} has ended{f' ({known.state})' if known else ''}.",
            hint="`builder builds list` shows those that are running, stopped or abandoned.",
        )
    return known.record


def _failure(error: BaseException) -> dict[str, object]:
    if isinstance(error, BuilderError):
        code = {"hint": error.hint, "exit_code": error.exit_code}
        return {"state": "failed", "error": error.message, **code}
    state, number = ("failed", 1) if isinstance(error, Exception) else ("interrupted", 130)
    return {"state": state, "error": str(error), "exit_code": number}
