"""What libvirt answers to a question that is asked again and again, without waiting for it.

libvirt waits for a hypervisor that does not answer (stopped, or its disk's server away), as long as
that takes, in C, where not even Ctrl-C ends it. So who watches a guest asks in another thread.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from builder.virt.connection import twin
from builder.virt.domains import Domain

T = TypeVar("T")
_SECONDS = 10.0
_STUCK_SECONDS = 30.0
"""As long as libvirt itself waits for one who is at the same domain."""


class Latest(Generic[T]):
    """The last answer; as a context manager it keeps asking, a `pause` in seconds in between.

    It asks by a connection of its own: the caller may close his while an answer is still awaited.
    """

    def __init__(self, ask: Callable[[Domain], T], domain: Domain, *, pause: float = 1.0) -> None:
        self.value: T | None = None
        """None before the first answer."""
        self._ask, self._domain, self._pause = ask, domain, pause
        self._answers = 0
        self._asked: float | None = None
        self._over = False
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        """Begin to ask."""
        # A daemon, which nobody joins: it may wait for ever.
        threading.Thread(target=self._run, name="ask-libvirt", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Ask no more."""
        with self._news:
            self._over = True
            self._news.notify_all()

    @property
    def stuck(self) -> bool:
        """Whether an answer is overdue: the hypervisor or libvirt itself stands still."""
        asked = self._asked
        return asked is not None and time.monotonic() - asked > _STUCK_SECONDS

    def next(self, *, seconds: float = _SECONDS) -> T | None:
        """Have it asked now, and return the next answer; None where none comes in so long."""
        with self._news:
            before = self._answers
            self._news.notify_all()
            came = self._news.wait_for(lambda: self._answers > before, seconds)
            return self.value if came else None

    def _run(self) -> None:
        with twin(self._domain.connection) as own:
            self._keep_asking(Domain(name=self._domain.name, connection=own))

    def _keep_asking(self, domain: Domain) -> None:
        while not self._over:
            self._asked = time.monotonic()
            value = self._ask(domain)
            with self._news:
                self.value, self._asked = value, None
                self._answers += 1
                self._news.notify_all()
                if not self._over:
                    self._news.wait(self._pause)
