"""What a run shows while it goes on, as an interface: the command line decides how it looks."""

from typing import Protocol

from builder.pipeline.messages import Message
from builder.record.runs import Outcome


class Display(Protocol):
    """Whoever watches a run, image by image."""

    @property
    def pause(self) -> float | None:
        """Seconds after which it wants a `tick`; None where nothing moves by itself."""

    def began(self, name: str, *, expected: float | None) -> None:
        """An attempt at an image begins; `expected` are its seconds, where earlier runs tell."""

    def heard(self, name: str, message: Message) -> None:
        """The image's build says something."""

    def waits(self, outcome: Outcome, seconds: float) -> None:
        """An attempt has failed as the outcome says; after so many seconds there is another."""

    def over(self, outcome: Outcome) -> None:
        """An image is over."""

    def tick(self) -> None:
        """Time has gone by."""


class Blind:
    """Shows nothing."""

    pause: float | None = None

    def began(self, name: str, *, expected: float | None) -> None:
        """Show nothing."""

    def heard(self, name: str, message: Message) -> None:
        """Show nothing."""

    def waits(self, outcome: Outcome, seconds: float) -> None:
        """Show nothing."""

    def over(self, outcome: Outcome) -> None:
        """Show nothing."""

    def tick(self) -> None:
        """Show nothing."""
