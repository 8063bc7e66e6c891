"""What a busy or restarted host spoils is done once more, before anybody hears of it."""

from collections.abc import Callable
from typing import TypeVar

from builder.errors import HostError
from builder.monitor import Monitor

T = TypeVar("T")


def once_more(attempt: Callable[[], T], *, monitor: Monitor) -> T:
    """Return what the attempt comes to, at the latest the second time.

    Raises HostError when the host fails it twice: what could not be tried has not failed.
    """
    try:
        return attempt()
    except HostError as error:
        monitor.tell("warning", f"{error.message} It is tried once more.")
        return attempt()
