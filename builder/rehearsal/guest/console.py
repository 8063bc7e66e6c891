"""What people see and what machines read: the screen, and Anaconda's log port."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG = Path("/run/install/log")
"""What is written here goes to Anaconda's port on the host."""


class Console:
    """Writes stage texts to the screen and everything to the log; Anaconda's own forms."""

    def __init__(self, logs: tuple[int, ...] = (), *, tag: str = "") -> None:
        self._logs = logs
        self._tag = tag
        self._column = 0

    def show(self, text: str) -> None:
        """Put a line on the screen alone."""
        self._screen(f"{text}\n")

    def dot(self) -> None:
        """Say that a stage is over: the next line starts below it."""
        self._screen(".")

    def _screen(self, text: str) -> None:
        # Dots stand in one line; whatever else comes starts a new one.
        if self._column and text != ".":
            text = f"\n{text}"
        sys.stdout.write(text)
        sys.stdout.flush()
        self._column = 0 if text.endswith("\n") else self._column + 1

    def say(self, text: str, *, name: str = "anaconda", level: str = "INFO") -> None:
        """Put a line on the screen and into the log."""
        self.show(text)
        self.log(text, name=name, level=level)

    def timed(self, text: str) -> None:
        """Put a line on the screen with the time in front of it."""
        self.say(f"{time.strftime('%H:%M:%S')} {text}")

    def log(self, text: str, *, name: str, level: str = "INFO", part: str = "") -> None:
        """Write `HH:MM:SS,mmm LEVEL name: text` to the log, in UTC, line breaks as #012.

        With a tag it stands before the name, as journald's identifier does from EL 8 on; so does
        then the part of Anaconda behind the name.
        """
        now = time.time()
        stamp = f"{time.strftime('%H:%M:%S', time.gmtime(now))},{int(now * 1000) % 1000:03d}"
        record = "#012".join(text.splitlines())
        if part and self._tag:
            record = f"{part}: {record}"
        self._write(f"{stamp} {level} {self._tag}{name}: {record}\n".encode())

    def ask(self, question: str) -> str:
        """Ask on the screen and wait, for ever if need be; at the end of input, for ever."""
        self._screen(f"{question} ")
        while not (answer := sys.stdin.readline()):
            time.sleep(3600)
        return answer.strip()

    def _write(self, line: bytes) -> None:
        for log in self._logs:
            # A port that nobody reads would block us for ever: better to lose the line.
            try:
                os.write(log, line)
            except (BlockingIOError, BrokenPipeError):
                continue


@contextmanager
def opened(file: Path, *, tag: str = "") -> Iterator[Console]:
    """Open the screen together with the log port, where there is one, and a log file."""
    logs = [os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)]
    if LOG.exists():
        logs.append(os.open(LOG, os.O_WRONLY | os.O_NONBLOCK))
    try:
        yield Console(tuple(logs), tag=tag)
    finally:
        for log in logs:
            os.close(log)
