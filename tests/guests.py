"""A guest that says what a test has written down for it, without a clock of the machine's."""

from collections import deque
from queue import Empty, SimpleQueue

from builder.model.installation import Output, Signal


class Guest(SimpleQueue[Signal]):
    """Sends each signal when its time (in seconds) has come; waiting only moves its clock."""

    def __init__(self, *events: tuple[float, Signal]) -> None:
        self._events = deque(events)
        self.time = 0.0

    def get(self, block: bool = True, timeout: float | None = None) -> Signal:
        """Return the next signal if it comes before `timeout`."""
        assert block
        assert timeout is not None
        if self._events and self._events[0][0] <= self.time + timeout:
            due, signal = self._events.popleft()
            self.time = max(self.time, due)
            return signal
        self.time += timeout
        raise Empty


def console(text: bytes) -> Output:
    """Return what is written to the console."""
    return Output(source="console", data=text)
