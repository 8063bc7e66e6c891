"""How a clone boots: what it says until it is up, or until it is known that it never will be."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from builder.errors import BuilderError, HangError, HostError, TemplateError
from builder.install.causes import CAUSES, Cause
from builder.install.clock import Clock
from builder.install.log_line import message
from builder.install.watch import LOST
from builder.model.domain import CLONE_PORT
from builder.model.installation import Deadlines, Ended, HostTrouble, Output, Signal
from builder.model.text import plain
from builder.proof.clone_report import Report
from builder.record.terminal import Lines, without_intrusions

_PHASES = (
    ("boot", re.compile(r"Linux version|Command line:|Loading ")),
    ("services", re.compile(r"systemd\[1\]|Welcome to |\[ *OK *\]")),
)
"""Those after the firmware, by what they begin with."""
_LOGIN = re.compile(r"^(?!Last )\S+ login:")
_PROMPT_BYTES = 4096
"""How long a login prompt may be, with what the kernel says in the middle of it."""
_QUIET_SECONDS = 150
"""A clone that is up and shows no sign of life for so long has nothing more to tell of itself."""
_PROMPT_SECONDS = 5
"""An unfinished line that stands there for so long is a prompt."""
_LATE_DEVICE = re.compile(r"Timed out waiting for device")
"""systemd's words. It waits for 90 seconds, by the clock: where the host is busy, the partitions of
a disk may come later."""
_EVIDENCE = "clone-a.log and clone-b.log in the evidence folder have the whole boot."


class LateDeviceError(TemplateError):
    """A clone gave up because a device of its fstab did not come in time, or is not there."""


class Boot:
    """One clone's way from power-on to its login prompt and its report.

    `name` is that of its console's log, without ".log"; `vital` returns anything that changes
    while the guest lives.
    """

    def __init__(
        self,
        name: str,
        signals: SimpleQueue[Signal],
        deadlines: Deadlines,
        *,
        vital: Callable[[], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.report = Report()
        self.seconds = 0.0
        """Until the login prompt, or all of the report; 0 before."""
        self.line = ""
        """What it said last."""
        self._signals = signals
        self._vital = vital
        self._now = now
        self._deadlines = deadlines
        self.begin()
        self._phase = "firmware"
        self._over = False
        self._device_late = False
        self._console = Lines()
        self._latest = b""

    def begin(self) -> None:
        """Count from now on: the processors run."""
        self._began = self._now()
        self._clock = Clock(self._deadlines, self._now, what="A clone of the template")

    @property
    def done(self) -> bool:
        """Whether it is up and has told all that it is going to tell of itself."""
        over = self.report.complete or self._over or self._clock.silent(_QUIET_SECONDS)
        return bool(self.seconds) and over

    def hear(self) -> None:
        """Take in what it said within a moment.

        Raises TemplateError when it does not boot, HostError when that is the host's doing.
        """
        with suppress(Empty):
            signal = self._signals.get(timeout=0.1)
            if not isinstance(signal, Output):
                raise _ended(signal)
            self._clock.alive()
            self._take(signal)
        self._look()

    def _take(self, output: Output) -> None:
        if output.source == CLONE_PORT:
            self.report.feed(output.data)
        else:
            self._latest = self._latest[-_PROMPT_BYTES:] + output.data
            for line in self._console.feed(output.data):
                self._read(line)
        # Its report proves a system that is up, whatever became of the prompt: where the host is
        # busy, systemd may give the serial port up before udev has found it.
        if not self.seconds and (self.report.complete or _prompts(self._latest)):
            self.seconds = self._now() - self._began

    def _read(self, line: str) -> None:
        self.line = line
        self._device_late |= bool(_LATE_DEVICE.search(line))
        trouble = trouble_of(line)
        if isinstance(trouble, TemplateError) and self._device_late:
            raise LateDeviceError(trouble.message, hint=trouble.hint)
        if trouble:
            raise trouble
        for name, pattern in _PHASES:
            if pattern.search(line) and self._phase != _PHASES[-1][0]:
                self._phase = name

    def _look(self) -> None:
        if self._clock.wants_a_look():
            self._clock.look(self._vital())
        if self._clock.silent(_PROMPT_SECONDS) and (prompt := self._console.pending()):
            self._read(prompt)
        try:
            self._clock.over(failed=False, phase=self._phase)
        except HangError as error:
            self._over = True
            if not self.seconds:
                raise _late(error) from error


def trouble_of(line: str) -> BuilderError | None:
    """Return what a line on a clone's console proves: that it will never be up."""
    text = message(line)
    for cause in CAUSES:
        # Anywhere: systemd's progress and the kernel's messages come in front of it.
        found = cause.pattern.search(text) if cause.clone else None
        if found:
            return _trouble(cause, next((each for each in found.groups() if each), ""))
    return None


def _trouble(cause: Cause, group: str) -> BuilderError:
    ending = cause.clone.replace("{0}", plain(group).strip().rstrip("."))
    sentence = f"A clone of the template does not boot: {ending}"
    if cause.kind == "host":
        return HostError(sentence, hint=cause.hint, may_pass=True)
    return TemplateError(sentence, hint=_EVIDENCE if cause.sentence else cause.hint)


def _late(error: HangError) -> TemplateError:
    return TemplateError(
        f"{error.message} It has reached neither its login prompt nor the end of its report.",
        hint="clone-a.log and clone-b.log in the evidence folder show how far they came; "
        "boot_minutes in builder.toml is how long a clone may be silent.",
    )


def _prompts(said: bytes) -> bool:
    lines = Lines()
    texts = [*lines.feed(without_intrusions(said)), lines.pending()]
    return any(_LOGIN.search(text) for text in texts)


def _ended(signal: Ended | HostTrouble) -> BuilderError:
    if isinstance(signal, HostTrouble):
        return HostError(signal.sentence, hint=signal.hint, may_pass=signal.may_pass)
    if signal.reason in LOST:
        sentence, hint = LOST[signal.reason]
        return HostError(f"A clone could not be tried. {sentence}", hint=hint, may_pass=True)
    return TemplateError(
        f"A clone of the template ended before its login prompt ({signal.reason}).",
        hint=_EVIDENCE,
    )
