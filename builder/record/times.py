"""How long the steps of a build took, kept beside what they came to for who goes on with it."""

import time
from contextlib import suppress
from datetime import datetime

import msgspec

from builder.errors import HostError
from builder.model.template import StepTime
from builder.record.checkpoint import Checkpoint

_TIMES, _BEGUN = "times", "begun"


class _Times(msgspec.Struct, frozen=True):
    steps: tuple[StepTime, ...] = ()


class _Begun(msgspec.Struct, frozen=True):
    step: str
    when: float
    """In seconds since 1970: another process, or another boot, has to make sense of it."""


class Times:
    """The times of a build's steps, in their order."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.steps: tuple[StepTime, ...] = ()
        self._checkpoint = checkpoint
        self._spent: dict[str, float] = {}
        self._began = 0.0

    def resume(self, *, heard: datetime | None) -> None:
        """Go on after a process that was killed; the build was last heard of then.

        What that process, and its guest after it, had put into a step counts as the step's.
        """
        with suppress(HostError):  # times that another version kept are no loss
            self.steps = (self._checkpoint.get(_TIMES, _Times) or _Times()).steps
            begun = self._checkpoint.get(_BEGUN, _Begun)
            if begun and heard:
                self._spent = {begun.step: max(0.0, heard.timestamp() - begun.when)}

    def begin(self, step: str) -> None:
        """Begin a step. Raises HostError when that cannot be kept."""
        spent = self._spent.get(step, 0.0)
        self._began = time.monotonic() - spent
        self._checkpoint.keep({_BEGUN: _Begun(step=step, when=time.time() - spent)})

    def end(self, step: str, title: str, value: object) -> None:
        """End it with what it came to. Raises HostError when that cannot be kept."""
        seconds = round(time.monotonic() - self._began, 2)
        self.steps = (*self.steps, StepTime(step=title, seconds=seconds))
        self._checkpoint.keep({step: value, _TIMES: _Times(self.steps)})
