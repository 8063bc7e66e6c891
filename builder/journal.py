"""How far a build came, on disk while it runs, so that others can see it and clear it up."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from builder.errors import HostError
from builder.model.template import StepTime
from builder.monitor import Monitor


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The content of build.json."""

    build_id: str
    name: str
    pid: int
    state: str
    """"running", "done", "failed" or "interrupted"."""
    step: str = ""
    error: str = ""
    steps: tuple[StepTime, ...] = ()


class Journal:
    """One build's folder under artifacts/, and its build.json; use it as a context manager."""

    def __init__(self, artifacts: Path, name: str, *, monitor: Monitor) -> None:
        self.build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        """Names the build's folder, domain and volume: time and chance, UTC."""
        self.folder = artifacts / name / self.build_id
        self.entry = Entry(build_id=self.build_id, name=name, pid=os.getpid(), state="running")
        self._monitor = monitor

    def __enter__(self) -> Self:
        """Make the folder. Raises HostError when it cannot be made."""
        with _explained(f"Cannot make the folder {self.folder}"):
            self.folder.mkdir(parents=True)
        self._update()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Record how the build ended; one that left no evidence leaves no folder either."""
        if not self.folder.exists():
            return
        if kind is None:
            self._update(state="done")
            return
        state = "failed" if issubclass(kind, Exception) else "interrupted"
        with suppress(HostError):  # the first failure is the one to tell
            self._update(state=state, error=str(error))
        if {path.name for path in self.folder.iterdir()} <= {"build.json"}:
            self.discard()
        else:
            self._monitor.note(f"evidence: {self.folder}")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce, time and record one step of the recipe."""
        began = time.monotonic()
        self._update(step=title)
        with self._monitor.step(title):
            yield
        done = StepTime(step=title, seconds=round(time.monotonic() - began, 2))
        self._update(step="", steps=(*self.entry.steps, done))

    def write(self, name: str, text: str) -> Path:
        """Keep a text of the build in its folder. Raises HostError when it does not take it."""
        path = self.folder / name
        with _explained(f"Cannot write {path}"):
            path.write_text(text)
        return path

    def link(self, image: Path) -> Path:
        """Make the published image reachable in the folder, without a copy of it."""
        here = self.folder / image.name
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
        draft = self.folder / ".build.json"
        text = msgspec.json.format(msgspec.json.encode(self.entry), indent=2) + b"\n"
        with _explained(f"Cannot write {self.folder / 'build.json'}"):
            draft.write_bytes(text)
            draft.replace(self.folder / "build.json")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HostError(
            f"{what}: {error.strerror}.",
            hint="Free some space there, or choose another folder with BUILDER_ARTIFACTS.",
        ) from error
