"""What libvirt answers to a question that is asked again and again, without waiting for it.

libvirt waits for a hypervisor that does not answer (stopped, or its disk's server away), as long as
that takes, in C, where not even Ctrl-C ends it. So who watches a guest asks in another thread.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
_SECONDS = 10.0


class Latest(Generic[T]):
    """The last answer; as a context manager it keeps asking, a `pause` in seconds in between."""

    def __init__(self, ask: Callable[[], T], *, pause: float) -> None:
        self.value: T | None = None
        """None before the first answer."""
        self._ask, self._pause = ask, pause
        self._answers = 0
        self._over = False
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        """Begin to ask."""
        # A daemon, which nobody joins: it may wait for ever.
        threading.Thread(target=self._run, name="ask-libvirt", daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Ask no more."""
        with self._news:
            self._over = True
            self._news.notify_all()

    def next(self, *, seconds: float = _SECONDS) -> T | None:
        """Have it asked now, and return the next answer; None where none comes in so long."""
        with self._news:
            before = self._answers
            self._news.notify_all()
            came = self._news.wait_for(lambda: self._answers > before, seconds)
            return self.value if came else None

    def _run(self) -> None:
        while not self._over:
            value = self._ask()
            with self._news:
                self.value = value
                self._answers += 1
                self._news.notify_all()
                if not self._over:
                    self._news.wait(self._pause)
