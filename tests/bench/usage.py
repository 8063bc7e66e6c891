"""What a command took."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

PYTHON = [sys.executable, "-IS", "-c"]
"""Python without what it need not have."""
_MB = 1_000_000
_BLOCK = 1 << 22
# A process of its own, because a child's memory counts from that of the process that starts it.
_RUN = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Failed(Exception):
    """A command failed; the message is its last word."""


class Usage(msgspec.Struct, frozen=True):
    """What one run of a command took."""

    wall: float
    """Seconds."""
    processor: float
    """Seconds of its threads, and of the children that it waited for."""
    memory: float
    """MB of the largest process at its largest."""


def usage(argv: list[str], *, folder: Path | None = None, **settings: str) -> Usage:
    """Run a command to its end, in a folder and with variables of its own. Raises Failed."""
    done = subprocess.run(
        [*PYTHON, _RUN, *argv],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment() | settings,
        check=False,
    )
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0])
    wall, processor, memory = map(float, done.stdout.split())
    return Usage(wall, processor, memory / _MB)


def turns(
    rows: Mapping[str, list[str]], runs: int, *, measured: Callable[[list[str]], Usage] = usage
) -> dict[str, list[Usage]]:
    """Run every row once in each round; the first round warms up, and does not count."""
    results: dict[str, list[Usage]] = {who: [] for who in rows}
    for number in range(runs + 1):
        for who, argv in rows.items():
            used = measured(argv)
            results[who] += [used] if number else []
    return results


def environment() -> dict[str, str]:
    """Return the variables of a user's shell, which has none of Python's.

    One of those keeps Python from caching what it compiled.
    """
    return {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}


def cache(file: Path) -> None:
    """Read the file, so that it is in memory."""
    buffer = bytearray(_BLOCK)
    with file.open("rb", buffering=0) as source:
        while source.readinto(buffer):
            pass
