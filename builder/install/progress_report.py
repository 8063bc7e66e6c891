"""How far an installation is, told while it goes on, and how long its phases took."""

from collections.abc import Callable

from builder.install.progress import WEIGHTS, Position, Weights, doing, fraction, remaining
from builder.model.event import Details
from builder.model.installation import Told
from builder.monitor import Monitor, Progress

_SECOND, _MINUTE = 1.0, 60.0


class ProgressReport:
    """Follows the position and tells what is new; `expected` are the phases' seconds before."""

    def __init__(
        self,
        monitor: Monitor,
        progress: Progress,
        *,
        expected: Weights,
        now: Callable[[], float],
        told: Told | None = None,
    ) -> None:
        """`told` is what an installation that is joined has had told of it."""
        self.position = Position()
        self.seconds: dict[str, float] = {}
        """What each phase took of which somebody saw both ends."""
        self.live = told is None
        """Whether what is heard happens now, and did not before anybody listened."""
        self._monitor = monitor
        self._progress = progress
        self._expected = expected
        self._now = now
        self._entered = now() if told is None else None
        self._percent = 0
        if told:
            self._go_on(told)

    def _go_on(self, told: Told) -> None:
        now = self._now()
        for phase, ago in told.phases.items():
            self._leave(None if ago is None else now - ago)
            self.position = Position(
                phase=phase, package=told.package, done=told.done, total=told.total
            )

    def move(self, position: Position) -> None:
        """Tell of a new position."""
        mark: Details = {} if self.live else {"replayed": True}
        before = self.position
        if position.phase != before.phase:
            self._leave(self._now() if self.live else None)
            self._monitor.tell("phase", position.phase, **mark)
        self.position = position
        if position.done > before.done:
            count: Details = {"done": position.done, "total": position.total, **mark}
            self._monitor.tell("package", position.package, **count)
        if position != before:
            self.show()

    def end(self) -> None:
        """Note that the last phase is over."""
        self._leave(self._now() if self.live else None)

    def show(self) -> None:
        """Tell how far it is by now."""
        percent = int(100 * fraction(self.position, self._expected or WEIGHTS))
        self._progress.describe(self._text())  # first: who prints the percentage adds it
        self._progress.advance(max(percent - self._percent, 0))
        self._percent = max(percent, self._percent)

    def _leave(self, when: float | None) -> None:
        """Note that the present phase is over, and another begins; None where nobody knows when."""
        if when is not None and self._entered is not None:
            self.seconds[self.position.phase] = round(max(0.0, when - self._entered), 1)
        self._entered = when

    def _text(self) -> str:
        here = self.position
        text = f"{here.phase}{doing(here)}"
        if not self._expected:
            return text
        lasted = 0.0 if self._entered is None else self._now() - self._entered
        left = remaining(here, self._expected, in_phase=lasted)
        return f"{text}, {_about(left)} left"


def _about(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(seconds, _SECOND):.0f} s"
    return f"{seconds / _MINUTE:.0f} min"
