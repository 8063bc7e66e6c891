"""A monitor that also writes down what it is told, for machines and for the dossier."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Unpack

from builder.errors import BuilderError
from builder.model.event import Details, Kind
from builder.model.hiding import NOTHING
from builder.monitor import Monitor, Progress
from builder.record.events import EventLog


class Recorder:
    """Passes everything on, and logs the events."""

    def __init__(self, monitor: Monitor, log: EventLog) -> None:
        self._monitor = monitor
        self._log = log
        self.hide = NOTHING
        """What takes out of a text what opens something, once that is known."""
        self._failed = False

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Log the step, and what made it fail."""
        self._log.tell("step", title)
        with self._monitor.step(title):
            try:
                yield
            except BuilderError as error:
                error.reword(self.hide)
                self.tell("failure", error.message)
                raise

    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> AbstractContextManager[Progress]:
        """Pass it on: who reads events follows the packages."""
        return self._monitor.progress(title, total=total, unit=unit)

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        """Log the event; of failures the first, for what follows is its consequence."""
        if kind == "failure" and self._failed:
            return
        self._failed = self._failed or kind == "failure"
        text = self.hide(text)
        if "line" in details:
            details["line"] = self.hide(details["line"])
        self._log.tell(kind, text, **details)
        self._monitor.tell(kind, text, **details)
