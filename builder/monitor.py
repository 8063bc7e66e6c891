"""Progress as an interface: steps report here, and the command line decides how it looks."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, Unpack

from builder.model.event import Details, Kind


class Progress(Protocol):
    """One running count towards a total."""

    def advance(self, amount: int = 1) -> None:
        """Add `amount` units to the count."""

    def describe(self, text: str) -> None:
        """Say what is being worked on right now."""


class Monitor(Protocol):
    """What a step may say while it works."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Announce and time a step; `title` is a present participle: "Staging x.iso"."""
        ...

    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> AbstractContextManager[Progress]:
        """Open a count of `unit`s ("B" counts bytes and is scaled) that closes with the block."""
        ...

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        """Tell of an event, as model/event.py has them: whoever listens takes what it knows."""


class _SilentProgress:
    def advance(self, amount: int = 1) -> None:
        pass

    def describe(self, text: str) -> None:
        pass


class SilentMonitor:
    """Says nothing; for callers that only want the result."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:  # noqa: ARG002  # the interface's name
        """Run the block."""
        yield

    @contextmanager
    def progress(
        self,
        title: str,  # noqa: ARG002  # the interface's name
        *,
        total: int | None = None,  # noqa: ARG002  # the interface's name
        unit: str = "B",  # noqa: ARG002  # the interface's name
    ) -> Iterator[Progress]:
        """Count into the void."""
        yield _SilentProgress()

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        """Say nothing."""
