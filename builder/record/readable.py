"""Records in a folder, those that can be read; the others are told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from builder import files
from builder.errors import ConfigError, HostError
from builder.monitor import Monitor

T = TypeVar("T")
_TOLD = 3
"""When a folder is full of what is no record, one sentence each is too much."""


def readable(
    place: Path, read: Callable[[Path], T], *, hint: str, monitor: Monitor
) -> list[tuple[Path, T]]:
    """Return the JSON files of a folder with what `read` makes of them; it raises ConfigError.

    Raises HostError for a folder that cannot be read.
    """
    found, flaws = [], []
    for path in files.inside(place, hint=hint):
        if path.suffix == ".json" and not path.name.startswith("."):
            try:
                found.append((path, read(path)))
            except ConfigError as error:
                if isinstance(error.__cause__, FileNotFoundError):
                    continue  # it has just been removed
                flaws.append(error.message.removesuffix("."))
    for flaw in flaws[:_TOLD]:
        monitor.tell("warning", f"left out: {flaw}")
    if len(flaws) > _TOLD:
        monitor.tell("warning", f"left out: {len(flaws) - _TOLD} more in {place}")
    return found


@contextmanager
def told(monitor: Monitor) -> Iterator[None]:
    """Tell of what the block finds closed, instead of raising HostError."""
    try:
        yield
    except HostError as error:
        monitor.tell("warning", f"left out: {error.message.removesuffix('.')}")
