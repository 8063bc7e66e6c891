"""What is shown of a run: a line an image on a terminal, lines with its name in a log, events."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from builder.cli.output import TerminalMonitor
from builder.cli.pipeline.rows import Row, line
from builder.cli.streams import bare
from builder.model.text import duration, shown
from builder.pipeline.display import Display
from builder.pipeline.messages import Message, Replay, Step, Told
from builder.record.events import EventLog
from builder.record.runs import Outcome

_SOON = 0.1
"""Seconds between two pictures, unless a line is written."""


@contextmanager
def displayed(*, events: Path | None = None) -> Iterator[Display]:
    """Yield what shows a run on standard error, and writes its events to a file."""
    terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    with ExitStack() as undo:
        screen: Display = undo.enter_context(Screen().shown()) if terminal else Log()
        yield Both(screen, Events(events, undo)) if events else screen


class Log:
    """Plain lines, each with the image's name in front."""

    pause: float | None = None

    def __init__(self) -> None:
        self._monitors: dict[str, Replay] = {}

    def began(self, name: str, *, expected: float | None) -> None:
        """Say how long it took before."""
        self._monitors[name] = Replay(_monitor(name))
        if expected:
            _monitor(name).tell("note", f"it takes {duration(expected)}, as earlier runs tell")

    def heard(self, name: str, message: Message) -> None:
        """Say what the build says."""
        self._monitors[name].hear(message)

    def waits(self, outcome: Outcome, seconds: float) -> None:
        """Say why an attempt failed, and when the next one is."""
        _monitor(outcome.name).tell("warning", _again(outcome, seconds))

    def over(self, outcome: Outcome) -> None:
        """Say what became of it."""
        failed = outcome.result == "failed"
        _monitor(outcome.name).tell("warning" if failed else "note", came_to(outcome))

    def tick(self) -> None:
        """Show nothing: no line of a log moves."""


def _monitor(name: str) -> TerminalMonitor:
    return TerminalMonitor(bars=False, prefix=f"[{name}] ")


def came_to(outcome: Outcome) -> str:
    """Return what became of an image, as one line."""
    if outcome.result == "failed":
        return f"failed: {outcome.error}"
    told = f"{outcome.result}: {outcome.name} {outcome.version}"
    return f"{told} in {duration(outcome.seconds)}" if outcome.result == "published" else told


def _again(outcome: Outcome, seconds: float) -> str:
    which = f"attempt {outcome.attempts + 1} in {duration(seconds)}"
    return f"failed: {outcome.error} There is {which}."


class Screen:
    """A line an image at the lower end of a terminal; what is over scrolls up as plain lines."""

    pause: float | None = 1.0

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._drawn = 0
        self._when = 0.0

    @contextmanager
    def shown(self) -> Iterator["Screen"]:
        """Take the lines away at the end of the block, whatever ends it."""
        try:
            yield self
        finally:
            self._rows.clear()
            self._draw([])

    def began(self, name: str, *, expected: float | None) -> None:
        """Give it a line."""
        self._rows[name] = Row(name, expected=expected)
        self._draw([])

    def heard(self, name: str, message: Message) -> None:
        """Show what it is at; warnings stay."""
        self._rows[name].hear(message)
        if isinstance(message, Told) and message.kind == "warning":
            self._draw([f"[{name}] warning: {message.text}"])
        elif time.monotonic() - self._when > _SOON:
            self._draw([])

    def waits(self, outcome: Outcome, seconds: float) -> None:
        """Say why an attempt failed; its line goes until the next one."""
        self._rows.pop(outcome.name, None)
        self._draw([f"[{outcome.name}] {_again(outcome, seconds)}"])

    def over(self, outcome: Outcome) -> None:
        """Say what became of it, instead of its line."""
        self._rows.pop(outcome.name, None)
        self._draw([came_to(outcome) if outcome.result != "failed" else _failed(outcome)])

    def tick(self) -> None:
        """Have the clocks go on."""
        if time.monotonic() - self._when >= (self.pause or 0) / 2:
            self._draw([])

    def _draw(self, lines: list[str]) -> None:
        """Write lines above those of the images, which are written anew."""
        self._when = time.monotonic()
        size = shutil.get_terminal_size()
        with suppress(OSError, ValueError):
            size = os.get_terminal_size(sys.stderr.fileno())
        named = max((len(each) for each in self._rows), default=0)
        # One less than there are: at the last place of a line some terminals go to the next.
        rows = [line(each, size.columns - 1, named=named) for each in self._rows.values()]
        rows = rows[: max(1, size.lines - 2)]
        up = f"\x1b[{self._drawn}A\r\x1b[J" if self._drawn else ""
        text = "".join(f"{each}\n" for each in (*map(shown, lines), *rows))
        self._drawn = len(rows)
        stream = bare(sys.stderr)
        with suppress(OSError):  # nobody looks any more: no reason to end a build
            stream.write(up + text)
            stream.flush()


def _failed(outcome: Outcome) -> str:
    return f"failed: {outcome.name}: {outcome.error}"


class Events:
    """One JSON object a line, as builds write them, with the image's name."""

    pause: float | None = None

    def __init__(self, path: Path, undo: ExitStack) -> None:
        """Append to the file until `undo` ends."""
        self._path, self._undo = path, undo
        self._logs: dict[str, EventLog] = {}

    def began(self, name: str, *, expected: float | None) -> None:  # noqa: ARG002  # the interface's
        """Write nothing: its first step follows."""
        self._log(name)

    def heard(self, name: str, message: Message) -> None:
        """Write events and steps; counts are none."""
        if isinstance(message, Step):
            self._log(name).tell("step", message.title)
        elif isinstance(message, Told):
            self._log(name).tell(message.kind, message.text, **message.known)

    def waits(self, outcome: Outcome, seconds: float) -> None:
        """Write why an attempt failed."""
        self._log(outcome.name).tell("warning", _again(outcome, seconds))

    def over(self, outcome: Outcome) -> None:
        """Write what became of it, at last."""
        log = self._log(outcome.name)
        if outcome.result == "failed":
            log.tell("failure", outcome.error)
        log.tell("end", outcome.result)

    def tick(self) -> None:
        """Write nothing."""

    def _log(self, name: str) -> EventLog:
        if name not in self._logs:
            log = EventLog(began=datetime.now(UTC), name=name)
            self._undo.enter_context(log.opened(self._path))
            self._logs[name] = log
        return self._logs[name]


class Both:
    """Two at once."""

    def __init__(self, one: Display, other: Display) -> None:
        self._both = (one, other)
        self.pause = one.pause or other.pause

    def began(self, name: str, *, expected: float | None) -> None:
        """Tell both."""
        for each in self._both:
            each.began(name, expected=expected)

    def heard(self, name: str, message: Message) -> None:
        """Tell both."""
        for each in self._both:
            each.heard(name, message)

    def waits(self, outcome: Outcome, seconds: float) -> None:
        """Tell both."""
        for each in self._both:
            each.waits(outcome, seconds)

    def over(self, outcome: Outcome) -> None:
        """Tell both."""
        for each in self._both:
            each.over(outcome)

    def tick(self) -> None:
        """Tell both."""
        for each in self._both:
            each.tick()
