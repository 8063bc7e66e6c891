"""What the process of a build tells the one that started it: values, through a pipe."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Unpack

import msgspec

from builder.model.event import Details, Kind
from builder.monitor import Monitor, Progress
from builder.record.runs import Outcome

_PAUSE = 0.2
"""Seconds between two messages about one count, or about packages: nobody reads faster."""
_LONGEST = 3000
"""Bytes of a text. A pipe takes 4096 at once or not at all, so that no signal tears a message."""
_OFTEN = ("package",)


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    pass


class Step(_Message, frozen=True, kw_only=True):
    """A step begins."""

    title: str


class StepOver(_Message, frozen=True, kw_only=True):
    """The innermost step is done."""


class Counting(_Message, frozen=True, kw_only=True):
    """A count begins."""

    number: int
    """By which the next ones mean it."""
    title: str
    total: int | None = None
    unit: str = "B"


class Counted(_Message, frozen=True, kw_only=True):
    """How far a count is."""

    number: int
    done: int
    text: str = ""
    """What is worked on."""


class CountOver(_Message, frozen=True, kw_only=True):
    """A count is over."""

    number: int


class Told(_Message, frozen=True, kw_only=True):
    """An event, as model/event.py has them."""

    kind: Kind
    text: str
    details: dict[str, int | float | bool | str] = {}

    @property
    def known(self) -> Details:
        """The optional fields."""
        return msgspec.convert(self.details, Details)


class Over(_Message, frozen=True, kw_only=True):
    """The attempt is over; nothing comes after it."""

    outcome: Outcome
    may_pass: bool = False
    """Whether the cause of a failure may."""


Message = Step | StepOver | Counting | Counted | CountOver | Told | Over


def send(pipe: Connection, message: Message) -> None:
    """Send a message. When nobody is there any more, nobody has to know."""
    with suppress(OSError):
        pipe.send_bytes(msgspec.msgpack.encode(message))


def receive(pipe: Connection) -> Message | None:
    """Return the next message; None when there is none to come, or it makes no sense."""
    try:
        message: Message = msgspec.msgpack.decode(pipe.recv_bytes(), type=Message)
    except (EOFError, OSError, msgspec.DecodeError):  # it died before or while it said something
        return None
    return message


class Sender:
    """The monitor of a build's process; any thread may tell."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._counts = 0
        self._last = 0.0

    def send(self, message: Message) -> None:
        """Send a message."""
        with self._lock:
            send(self._pipe, message)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell of the step; one that fails is never over."""
        self.send(Step(title=_cut(title)))
        yield
        self.send(StepOver())

    @contextmanager
    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> Iterator[Progress]:
        """Tell of the count, now and then."""
        self._counts += 1
        number = self._counts
        self.send(Counting(number=number, title=_cut(title), total=total, unit=unit))
        try:
            yield _Count(self, number)
        finally:
            self.send(CountOver(number=number))

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        """Pass the event on; of those that only count, as many as somebody can read."""
        now = time.monotonic()
        if kind in _OFTEN and now - self._last < _PAUSE:
            return
        self._last = now if kind in _OFTEN else self._last
        known = {key: value for key, value in details.items() if isinstance(value, int | float)}
        said = {key: _cut(value, 500) for key, value in details.items() if isinstance(value, str)}
        self.send(Told(kind=kind, text=_cut(text), details={**known, **said}))


class _Count:
    def __init__(self, sender: Sender, number: int) -> None:
        self._sender, self._number = sender, number
        self._done, self._text, self._last = 0, "", 0.0

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        self._say()

    def describe(self, text: str) -> None:
        self._text = text
        self._say()

    def _say(self) -> None:
        now = time.monotonic()
        if now - self._last >= _PAUSE:
            self._last = now
            text = _cut(self._text, 500)
            self._sender.send(Counted(number=self._number, done=self._done, text=text))


def _cut(text: str, longest: int = _LONGEST) -> str:
    """Return the beginning of a text; names of files may hold what is no text at all."""
    return text.encode(errors="backslashreplace")[:longest].decode(errors="ignore")


class Replay:
    """Says to a monitor here what another process's was told."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._steps: list[AbstractContextManager[None]] = []
        self._counts: dict[int, _Replayed] = {}

    def hear(self, message: Message) -> None:
        """Pass a message on."""
        match message:
            case Step():
                step = self._monitor.step(message.title)
                step.__enter__()
                self._steps.append(step)
            case StepOver() if self._steps:
                self._steps.pop().__exit__(None, None, None)
            case Counting():
                count = self._monitor.progress(
                    message.title, total=message.total, unit=message.unit
                )
                self._counts[message.number] = _Replayed(count)
            case Counted() if message.number in self._counts:
                self._counts[message.number].hear(message)
            case CountOver() if message.number in self._counts:
                self._counts.pop(message.number).end()
            case Told():
                self._monitor.tell(message.kind, message.text, **message.known)
            case _:
                pass


class _Replayed:
    def __init__(self, count: AbstractContextManager[Progress]) -> None:
        self._count, self._progress, self._done = count, count.__enter__(), 0

    def hear(self, message: Counted) -> None:
        self._progress.describe(message.text)
        self._progress.advance(message.done - self._done)
        self._done = message.done

    def end(self) -> None:
        self._count.__exit__(None, None, None)
