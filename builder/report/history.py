"""Runs as people think of them: images, and what became of each night by night."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from itertools import takewhile
from typing import Literal

import msgspec

from builder.record.runs import Outcome, Pool, Run

_LONGEST = 3e8
"""Seconds: ten years. What is longer, or negative, tells of a clock that was set."""

State = Literal["published", "unchanged", "failed", "skipped", "lost", "open"]
"""What became of an image: `skipped` was not begun, `lost` not over when its run was killed."""
GOOD = ("published", "unchanged")


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """One run; of an image, or of a whole pipeline where there is no outcome."""

    run: Run
    began: datetime
    state: State
    seconds: float
    outcome: Outcome | None = None
    dossier: str = ""
    """Address of the page of its build; empty where there is none."""

    @property
    def good(self) -> bool:
        """Whether there was a template of it at its end."""
        return self.state in GOOD


class Image(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An image of a pipeline; `nights` are those of the runs that knew it, oldest first."""

    name: str
    nights: tuple[Night, ...]
    left: bool = False
    """Whether the pipeline has it no more."""

    @cached_property
    def told(self) -> tuple[Night, ...]:
        """The nights that say something of it."""
        return tuple(each for each in self.nights if each.outcome)

    @cached_property
    def newest(self) -> Night:
        """What is known last of it."""
        return (self.told or self.nights)[-1]

    @cached_property
    def failing(self) -> bool:
        """Whether it is in the pipeline, and could not be built."""
        return self.newest.state == "failed" and not self.left

    @cached_property
    def streak(self) -> tuple[Night, ...]:
        """The nights up to the newest that were good like it, or bad like it."""
        alike = takewhile(lambda each: each.good == self.newest.good, reversed(self.told))
        return tuple(alike)[::-1]

    @cached_property
    def good(self) -> Night | None:
        """The newest night with a template."""
        return next((each for each in reversed(self.told) if each.good), None)

    @cached_property
    def before(self) -> Night | None:
        """The newest night of the template before that."""
        now = self.good and self.good.outcome
        earlier = (each for each in reversed(self.told) if each.good and each.outcome)
        return next(
            (each for each in earlier if now and _version(each) != now.version),
            None,
        )

    @cached_property
    def published(self) -> Night | None:
        """The night in which its newest template was published, if that is known."""
        return next((each for each in reversed(self.told) if each.state == "published"), None)


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline; `nights` are its newest runs, oldest first."""

    name: str
    title: str
    nights: tuple[Night, ...]
    images: tuple[Image, ...]
    recorded: int
    """All runs there are records of."""

    @property
    def killed(self) -> bool:
        """Whether its newest run has not ended: it goes on, or nobody is at it any more."""
        return not self.nights[-1].run.ended

    @property
    def current(self) -> tuple[Image, ...]:
        """The images that are in it now."""
        return tuple(each for each in self.images if not each.left)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that the records tell."""

    pipelines: tuple[Pipeline, ...] = ()
    pools: tuple[tuple[datetime, tuple[Pool, ...]], ...] = ()
    """Of each run that tells of them, oldest first."""

    @property
    def current(self) -> tuple[Image, ...]:
        """The images of all pipelines."""
        return tuple(image for each in self.pipelines for image in each.current)

    @property
    def failing(self) -> tuple[tuple[Pipeline, Image], ...]:
        """The images that could not be built, with their pipelines."""
        return tuple(
            (each, image) for each in self.pipelines for image in each.current if image.failing
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all images, each once."""
        names = (image.name for each in self.pipelines for image in each.images)
        return tuple(dict.fromkeys(names))

    def of(self, name: str) -> tuple[tuple[Pipeline, Image], ...]:
        """Return an image of all pipelines that make it."""
        found = ((each, image) for each in self.pipelines for image in each.images)
        return tuple((each, image) for each, image in found if image.name == name)


def bounded(seconds: float) -> float:
    """Return a time that can be shown, whatever the clock did."""
    return min(max(seconds, 0), _LONGEST)


def turns(image: Image) -> Iterable[tuple[Night | None, Night]]:
    """Give each night that says something of an image, with the one before it."""
    told = image.told
    yield from zip((None, *told), told, strict=False)


def _version(night: Night) -> str:
    return night.outcome.version if night.outcome else ""
