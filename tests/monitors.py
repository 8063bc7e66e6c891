"""A monitor that remembers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Unpack

from builder.model.event import Details, Kind
from builder.monitor import Progress, SilentMonitor


class Heard(SilentMonitor):
    """Remembers what it was told, what was counted, and what its bar would show."""

    def __init__(self) -> None:
        self.told: list[tuple[Kind, str, Details]] = []
        self.counted: list[tuple[str, int | None, str]] = []
        self.done = 0
        self.texts: list[str] = []

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        self.told.append((kind, text, details))

    @contextmanager
    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> Iterator[Progress]:
        self.counted.append((title, total, unit))
        yield self

    def advance(self, amount: int = 1) -> None:
        assert amount >= 0
        self.done += amount

    def describe(self, text: str) -> None:
        self.texts.append(text)
