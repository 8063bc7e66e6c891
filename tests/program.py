"""`builder` as users run it, with a test's settings."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from builder.config import Settings
from tests.values import environment

BUILDER = (sys.executable, "-m", "builder")


class Program:
    """What it says goes to a log. It may run inside another program, which gets it as arguments."""

    def __init__(self, settings: Settings, log: Path, *, inside: Sequence[str] = ()) -> None:
        self._environment = os.environ | environment(settings)
        self._inside = inside
        self.log = log

    @contextmanager
    def run(
        self, *words: str, program: Sequence[str] = BUILDER
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start it; it does not outlive the block."""
        with self.log.open("wb") as file:
            command = subprocess.Popen(
                [*self._inside, *program, *words],
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield command
        finally:
            command.kill()
            command.wait()

    def said(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text(errors="replace")
