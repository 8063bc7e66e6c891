"""A guest that says what a test has written down for it, without a clock of the machine's."""

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from builder.model.domain import DomainSpec
from builder.model.installation import InstallPlan, Output, Signal
from builder.model.traces import Traces
from tests.values import machine

NONCE = "5eed" * 8
PLAN = InstallPlan(
    domain=DomainSpec(
        name="x",
        title="x",
        machine=machine(),
        disks=(),
        console_log=Path("console.log"),
    ),
    nonce=NONCE,
    traces=Traces(id="x", folder=Path(), began=datetime.now(UTC)),
)
"""Of an installation of such a guest."""


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
