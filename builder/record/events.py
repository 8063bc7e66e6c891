"""events.jsonl: what happens in a build, a line each as it happens, and how to read it again."""

import errno
import os
import shlex
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Unpack

import msgspec

from builder import files
from builder.errors import ConfigError, HostError, UsageError, explained
from builder.model.event import Details, Event, Kind
from builder.model.text import plain, rfc3339
from builder.paths.reading import at_once, open_plain, read_data

FILE = "events.jsonl"
_MOST = 20_000
"""Events of a build; a guest that makes up packages without end must not fill the disk."""
_LARGEST = 64 << 20
"""Bytes of a file that is read: more than so many events take."""
_LINE = 16 << 10
"""Bytes; more than any event of ours has."""
_LONGEST = 500
"""Characters of a text."""
_ALWAYS = ("failure", "end")


def _now() -> datetime:
    return datetime.now(UTC)


class EventLog:
    """Writes events to its files, while they are open, at once; any thread may tell.

    Seconds count from `began` by the wall clock: whoever continues a build counts on. `name` is
    for files that have events of several images.
    """

    def __init__(
        self, *, began: datetime, name: str = "", now: Callable[[], datetime] = _now
    ) -> None:
        self._files: tuple[BinaryIO, ...] = ()
        self._began, self._now, self._name = began, now, name
        self._lock = threading.Lock()
        self._count = 0

    @contextmanager
    def opened(self, *paths: Path) -> Iterator[None]:
        """Append to all of `paths` for the block. Raises HostError when one cannot be written."""
        with ExitStack() as stack:
            self._files = tuple(stack.enter_context(_opened(path)) for path in paths)
            stack.callback(setattr, self, "_files", ())
            yield

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> Event:
        """Write one event, stamped with the time; return it. A full disk keeps nothing."""
        now = self._now()
        if "line" in details:
            details["line"] = plain(details["line"], longest=_LONGEST)
        event = Event(
            time=rfc3339(now, "milliseconds"),
            seconds=round(max(0.0, (now - self._began).total_seconds()), 3),
            kind=kind,
            text=plain(text, longest=_LONGEST),
            name=self._name,
            **details,
        )
        self._append(event)
        return event

    def _append(self, event: Event) -> None:
        line = msgspec.json.encode(event) + b"\n"
        with self._lock:
            self._count += 1
            if self._count > _MOST and event.kind not in _ALWAYS:
                return
            for file in self._files:
                with suppress(OSError):  # whoever needs that disk more says so
                    file.write(line)


def refuse_foreign(path: Path) -> None:
    """Raise UsageError for a plain file that holds something else than events."""
    with explained(f"Cannot read {path}", error_class=UsageError):
        if not stat.S_ISREG(_mode(path)):
            return
        with open_plain(path) as file:
            first = file.readline(_LINE)
    if first and _parse(first) is None:
        raise UsageError(
            f"{path} is there already, and holds no events.",
            hint="Name a new file, or one of events, which are added to.",
        )


def have_alone(path: Path) -> None:
    """See that what we add goes nowhere else: a file with other names, as in a backup, is copied.

    Raises HostError for what is no file of ours, ConfigError for one that is no build's.
    """
    if not os.path.lexists(path):
        return
    if not files.own(path):
        raise HostError(f"{path} is no file of this build.", hint="Move it away, then try again.")
    found = path.lstat()
    if found.st_nlink > 1:
        data = read_data(path, limit=_LARGEST)
        with files.replacing(path, mode=stat.S_IMODE(found.st_mode), durable=False) as part:
            part.write_bytes(data)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0


def _opened(path: Path) -> BinaryIO:
    what, hint = f"Cannot write {path}", "Events need a file to go to."
    with files.writing(path.parent, what=what, hint=hint):
        # Each event is one write: others read along.
        file = open(path, "ab", buffering=0, opener=_at_once)  # noqa: SIM115  # ours to give
        os.set_blocking(file.fileno(), True)
        if path.is_file() and not _is_whole(path):
            file.write(b"\n")
    return file


def _at_once(path: str, flags: int) -> int:
    """Open a pipe without waiting for somebody who reads it."""
    try:
        return at_once(path, flags)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise UsageError(
            f"Nobody reads {path}.", hint=f"Begin to read it first: `cat {shlex.quote(path)}`."
        ) from error


def _is_whole(path: Path) -> bool:
    """Return whether the file ends where a line ends; whoever wrote it may have been killed."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        return file.read(1) in (b"", b"\n")


def read(path: Path) -> tuple[Event, ...]:
    """Return the events of a file, without lines that are torn or of another kind.

    A file that cannot be read has none.
    """
    try:
        lines = read_data(path, limit=_LARGEST).split(b"\n")
    except ConfigError:
        return ()
    return tuple(event for line in lines if (event := _parse(line)))


def _parse(line: bytes) -> Event | None:
    try:
        return msgspec.json.decode(line, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
