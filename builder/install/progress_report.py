"""How far an installation is, told while it goes on, and how long its phases took."""

from collections.abc import Callable

from builder.install.progress import WEIGHTS, Position, Weights, fraction, remaining
from builder.monitor import Monitor, Progress

_SECOND, _MINUTE = 1.0, 60.0


class ProgressReport:
    """Follows the position and tells it; `expected` are the phases' seconds in an earlier build."""

    def __init__(
        self, monitor: Monitor, progress: Progress, *, expected: Weights, now: Callable[[], float]
    ) -> None:
        self.position = Position()
        self.seconds: dict[str, float] = {}
        """What each phase that is over took."""
        self._monitor = monitor
        self._progress = progress
        self._expected = expected
        self._now = now
        self._entered = now()
        self._percent = 0

    def move(self, position: Position) -> None:
        """Tell of a new position."""
        before, self.position = self.position, position
        if position.phase != before.phase:
            self._leave(before.phase)
            self._monitor.tell("phase", position.phase)
        if position.done > before.done:
            self._monitor.tell(
                "package", position.package, done=position.done, total=position.total
            )
        if position != before:
            self.show()

    def end(self) -> None:
        """Note that the last phase is over."""
        self._leave(self.position.phase)

    def show(self) -> None:
        """Tell how far it is by now."""
        percent = int(100 * fraction(self.position, self._expected or WEIGHTS))
        self._progress.describe(self._text())  # first: who prints the percentage adds it
        self._progress.advance(max(percent - self._percent, 0))
        self._percent = max(percent, self._percent)

    def _leave(self, phase: str) -> None:
        now = self._now()
        self.seconds[phase] = round(now - self._entered, 1)
        self._entered = now

    def _text(self) -> str:
        here = self.position
        text = f"{here.phase} {here.done}/{here.total}" if here.total else here.phase
        if not self._expected:
            return text
        left = remaining(here, self._expected, in_phase=self._now() - self._entered)
        return f"{text}, {_about(left)} left"


def _about(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(seconds, _SECOND):.0f} s"
    return f"{seconds / _MINUTE:.0f} min"
