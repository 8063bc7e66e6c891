"""How fast a download comes: a server that hardly sends anything counts as one that stopped."""

import time
from collections.abc import Callable

import msgspec

FLOOR = 1 << 10
"""Bytes a second below which nobody would wait."""
_MINUTE = 60.0


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a server is waited for, in seconds."""

    connect: float = 10.0
    silence: float = 60.0
    """Between two pieces, and before the first."""
    clock: Callable[[], float] = time.monotonic


class Pace:
    """Counts what comes, and the time for which it was waited: writing it may take longer."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._came = self._came_before = 0
        self._waited = self._waited_before = 0.0

    def timed(self, read: Callable[[int], bytes], amount: int) -> bytes:
        """Return what `read` gives for `amount`, and count it."""
        seconds, begun = 0.0, self._patience.clock()
        try:
            block = read(amount)
        finally:
            seconds = self._patience.clock() - begun
            self._waited += min(seconds, self._patience.silence)
        self._came += len(block)
        # The socket would have given up before that: it is we who were stopped (Ctrl-Z).
        if seconds > self._patience.silence:
            self._begin_minute()
        return block

    def stalls(self) -> bool:
        """Tell, once a minute of waiting, whether less came in it than the floor asks for."""
        if self._waited - self._waited_before < _MINUTE:
            return False
        slow = self._came - self._came_before < FLOOR * _MINUTE
        self._begin_minute()
        return slow

    def justifies(self, gain: int) -> bool:
        """Tell whether so many bytes more were worth the time, pauses between attempts included."""
        return gain >= FLOOR * max(self._waited, 1.0)

    def _begin_minute(self) -> None:
        self._came_before, self._waited_before = self._came, self._waited
