"""When a guest has taken too long: as a whole, in its phase, or without a sign of life."""

from collections.abc import Callable

from builder.errors import HangError
from builder.model.installation import Deadlines

GRACE_SECONDS = 8.0
"""From the first sign of failure to its report: log lines that follow name the details."""

_LOOK_SECONDS = 1.0
_HINT = "Raise {} in builder.toml if it only is slow."


class Clock:
    """Keeps the deadlines; `now` gives seconds, and `what` says whose they are."""

    def __init__(
        self, deadlines: Deadlines, now: Callable[[], float], *, what: str = "The installation"
    ) -> None:
        self._deadlines = deadlines
        self._what = what
        self._now = now
        self._began = self._moved = self._entered = self._looked = now()
        self._phase = ""
        self._failed: float | None = None
        self._vital: object = None

    def alive(self) -> None:
        """Note a sign of life."""
        self._moved = self._now()

    def silent(self, seconds: float) -> bool:
        """Tell whether there was no sign of life for so long."""
        return self._now() - self._moved > seconds

    def wants_a_look(self) -> bool:
        """Tell whether it is time to look for signs of life, also while the guest writes."""
        return self._now() - self._looked >= _LOOK_SECONDS

    def look(self, vital: object) -> None:
        """Take a vital sign: it is one of life when it is another than before."""
        self._looked = self._now()
        if vital != self._vital:
            self._vital = vital
            self.alive()

    def over(self, *, failed: bool, phase: str) -> bool:
        """Return whether a failure has had its grace. Raises HangError at a deadline."""
        now = self._now()
        if phase != self._phase:
            self._phase, self._entered = phase, now
        if failed:
            self._failed = now if self._failed is None else self._failed
            return now - self._failed > GRACE_SECONDS
        self._failed = None  # what looked like a failure was none
        self._check(now)
        return False

    def _check(self, now: float) -> None:
        limits, phase = self._deadlines.of(self._phase), self._phase
        if self.silent(limits.idle_seconds):
            raise HangError(
                f"{self._what} stands still in the phase {phase}: no output and no disk "
                f"activity for {_minutes(limits.idle_seconds)}.",
                hint="The screenshot shows what it waits for.",
            )
        if now - self._entered > limits.phase_seconds:
            raise HangError(
                f"{self._what} is in the phase {phase} for more than "
                f"{_minutes(limits.phase_seconds)}.",
                hint=_HINT.format(f"minutes of [phases.{phase.replace(' ', '-')}]"),
            )
        if now - self._began > self._deadlines.total_seconds:
            raise HangError(
                f"{self._what} is in the phase {phase} after "
                f"{_minutes(self._deadlines.total_seconds)}.",
                hint=_HINT.format("install_minutes"),
            )


def _minutes(seconds: float) -> str:
    number = f"{seconds / 60:g}"
    return f"{number} minute{'s' * (number != '1')}"
