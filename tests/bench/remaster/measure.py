"""One timed run: memory warm, source cached, nothing left to sync from before.

Virtual machines may hand free memory back to their host, and getting it again costs more than
copying into it. So a process that touches as much as the run will need ends right before it: not
more, since what it leaves is handed back while the run is going on.
"""

import os
import subprocess
import time
from pathlib import Path

import msgspec

from tests.bench.usage import PYTHON, cache, usage

_LEAST = 100_000_000  # what a program and its libraries take
_WARM = "import sys; b'1' * int(sys.argv[1])"


class Sample(msgspec.Struct, frozen=True):
    """What one run took."""

    wall: float
    sync: float
    """Seconds of the `sync` right after."""
    memory: float
    """MB of the largest process at its largest."""

    @property
    def total(self) -> float:
        """Return the seconds until the result was on the disk."""
        return self.wall + self.sync


def run(argv: list[str], source: Path, *, touches: int) -> Sample:
    """Run the command, which reads `source` and dirties about `touches` bytes of memory."""
    cache(source)
    os.sync()
    subprocess.run([*PYTHON, _WARM, str(touches + _LEAST)], check=True)
    used = usage(argv)
    ended = time.perf_counter()
    os.sync()
    return Sample(used.wall, time.perf_counter() - ended, used.memory)


def floor() -> float:
    """Return the MB below which memory cannot be seen."""
    return usage(["true"]).memory
