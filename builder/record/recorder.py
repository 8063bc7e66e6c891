"""A monitor that also writes down what it is told, for machines and for the dossier."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from builder.errors import BuilderError
from builder.monitor import Monitor, Progress
from builder.record.events import EventLog


class Recorder:
    """Passes everything on, and logs what is worth it as events."""

    def __init__(self, monitor: Monitor, log: EventLog) -> None:
        self._monitor = monitor
        self._log = log
        self._failed = False

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Log the step, and what made it fail."""
        self._log.tell("step", title)
        with self._monitor.step(title):
            try:
                yield
            except BuilderError as error:
                self.failure(error.message)
                raise

    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> AbstractContextManager[Progress]:
        """Pass it on: who reads events follows the packages."""
        return self._monitor.progress(title, total=total, unit=unit)

    def phase(self, name: str) -> None:
        """Log the phase."""
        self._log.tell("phase", name)
        self._monitor.phase(name)

    def package(self, name: str, done: int, total: int) -> None:
        """Log the count."""
        self._log.tell("package", name, done=done, total=total)
        self._monitor.package(name, done, total)

    def screen(self, path: str) -> None:
        """Log the picture."""
        self._log.tell("screen", path)
        self._monitor.screen(path)

    def failure(self, text: str, *, source: str = "", line: str = "") -> None:
        """Log the first failure: what follows it is its consequence."""
        if not self._failed:
            self._failed = True
            self._log.tell("failure", text, source=source, line=line)
            self._monitor.failure(text, source=source, line=line)

    def note(self, text: str) -> None:
        """Log the fact."""
        self._log.tell("note", text)
        self._monitor.note(text)

    def warn(self, text: str) -> None:
        """Log the warning."""
        self._log.tell("warning", text)
        self._monitor.warn(text)
