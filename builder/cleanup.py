"""What a build acquires, and gives back at its end."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from builder.errors import BuilderError
from builder.monitor import Monitor


class Cleanup:
    """Releases in reverse order at the end of the block, whatever ends it.

    With `keep`, what a failure leaves is kept for a look inside; Ctrl-C still clears everything.
    """

    def __init__(self, *, keep: bool, monitor: Monitor) -> None:
        self.keep = keep
        self._monitor = monitor
        self._stack = ExitStack()
        self._names: list[str] = []

    def add(self, name: str, release: Callable[[], None]) -> None:
        """Release `name` at the end by calling `release`; should that fail, it is told."""

        def attempt() -> None:
            try:
                release()
            except (BuilderError, OSError) as error:
                self._monitor.warn(f"{name} is left behind: {error}")

        self._names.append(name)
        self._stack.callback(attempt)

    def __enter__(self) -> Self:
        """Begin with nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release, or say what is kept."""
        if self.keep and isinstance(error, Exception):
            self._stack.pop_all()
            self._monitor.note(f"kept: {', '.join(self._names)}")
        self._stack.__exit__(kind, error, traceback)
