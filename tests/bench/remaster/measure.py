"""One timed run: memory warm, source cached, nothing left to sync from before.

Virtual machines may hand free memory back to their host, and getting it again costs more than
copying into it. So a process that touches as much as the run will need ends right before it: not
more, since what it leaves is handed back while the run is going on.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

_BLOCK = 1 << 22
_MB = 1_000_000
_LEAST = 100 * _MB  # what a program and its libraries take
_PYTHON = [sys.executable, "-IS", "-c"]
_WARM = "import sys; b'1' * int(sys.argv[1])"
# A process of its own, because a child's memory counts from that of the process that starts it.
_RUN = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - began, usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Failed(Exception):
    """A row's command failed; the message is its last word."""


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
    _read(source)
    os.sync()
    subprocess.run([*_PYTHON, _WARM, str(touches + _LEAST)], check=True)
    wall, memory = _finish(argv)
    ended = time.perf_counter()
    os.sync()
    return Sample(wall, time.perf_counter() - ended, memory)


def floor() -> float:
    """Return the MB below which memory cannot be seen."""
    return _finish(["true"])[1]


def _finish(argv: list[str]) -> tuple[float, float]:
    """Run a command to its end; return its seconds, and the MB that it or a child of it used."""
    # A user's shell has none of these; one of them keeps Python from caching what it compiled.
    environment = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [*_PYTHON, _RUN, *argv], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0])
    wall, memory = map(float, done.stdout.split())
    return wall, memory / _MB


def _read(source: Path) -> None:
    buffer = bytearray(_BLOCK)
    with source.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
