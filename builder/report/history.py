"""Runs as people think of them: images, and what became of each night by night."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from itertools import takewhile
from typing import Literal

import msgspec

from builder.model.text import moment
from builder.monitor import Monitor
from builder.record.runs import Outcome, Pool, Run

NIGHTS = 90
"""Runs of a pipeline that are shown."""
_GONE = 7
"""An image that so many of the newest runs do not know has left the pipeline."""
_LONGEST = 3e8
"""Seconds: ten years. What is longer, or negative, tells of a clock that was set."""

_YEARS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""Runs of other times are not believed, and what is reckoned with these does not overflow."""

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


def readable(runs: Iterable[Run], *, monitor: Monitor) -> tuple[Run, ...]:
    """Return the runs of which it can be said when they began; of others it is told."""
    found = []
    for run in runs:
        if _when(run.began):
            found.append(run)
        else:
            monitor.tell("warning", f"The run {run.run_id} began at no time: {run.began!r}.")
    return tuple(found)


def history(runs: Sequence[Run], *, dossier: Callable[[Outcome], str]) -> History:
    """Sort runs, which come oldest first, by pipelines and images."""
    names = sorted({run.pipeline for run in runs})
    known = [[run for run in runs if run.pipeline == name] for name in names]
    shown = [run for each in known for run in each[-NIGHTS:]]
    pools = [(_began(run), run.pools) for run in shown if run.pools]
    return History(
        pipelines=tuple(_pipeline(each, dossier) for each in known),
        pools=tuple(sorted(pools, key=lambda each: each[0])),
    )


def _pipeline(runs: Sequence[Run], dossier: Callable[[Outcome], str]) -> Pipeline:
    newest = runs[-1]
    shown = runs[-NIGHTS:]
    recent = {name for run in runs[-_GONE:] for name in run.jobs}
    names = dict.fromkeys(name for run in reversed(shown) for name in run.jobs)
    ordered = sorted(names, key=lambda name: name not in recent)
    found = {name: list[Night]() for name in ordered}
    for run in shown:
        for night in _nights(run, newest, dossier):
            found[night[0]].append(night[1])
    return Pipeline(
        name=newest.pipeline,
        title=newest.title,
        nights=tuple(_whole(run, newest) for run in shown),
        images=tuple(
            Image(name=name, nights=tuple(nights), left=name not in recent)
            for name, nights in found.items()
        ),
        recorded=len(runs),
    )


def _nights(
    run: Run, newest: Run, dossier: Callable[[Outcome], str]
) -> Iterable[tuple[str, Night]]:
    outcomes = {each.name: each for each in run.outcomes}
    for name in dict.fromkeys(run.jobs):
        outcome = outcomes.get(name)
        yield (
            name,
            Night(
                run=run,
                began=_began(run),
                state=outcome.result if outcome else _silent(run, newest),
                seconds=bounded(outcome.seconds) if outcome else 0,
                outcome=outcome,
                dossier=dossier(outcome) if outcome else "",
            ),
        )


def _silent(run: Run, newest: Run) -> State:
    """Return what becomes of an image of which its run tells nothing."""
    if run.ended:
        return "skipped"
    return "open" if run is newest else "lost"


def _whole(run: Run, newest: Run) -> Night:
    results = {each.result for each in run.outcomes}
    ended = _silent(run, newest)
    state: State = "failed" if "failed" in results else "unchanged"
    if ended != "skipped":
        state = ended
    elif "published" in results and state != "failed":
        state = "published"
    return Night(run=run, began=_began(run), state=state, seconds=lasted(run))


def _began(run: Run) -> datetime:
    return _when(run.began) or _YEARS[0]


def _when(text: str) -> datetime | None:
    """Return a moment in UTC; None for a text that tells of none, or of one in another age."""
    with suppress(ValueError, OverflowError):
        found = moment(text).astimezone(UTC)
        return found if _YEARS[0] <= found < _YEARS[1] else None
    return None


def lasted(run: Run) -> float:
    """Return how long a run took; 0 where that is not known."""
    ended = _when(run.ended)
    return bounded((ended - _began(run)).total_seconds()) if ended else 0


def bounded(seconds: float) -> float:
    """Return a time that can be shown, whatever the clock did."""
    return min(max(seconds, 0), _LONGEST)


def turns(image: Image) -> Iterable[tuple[Night | None, Night]]:
    """Give each night that says something of an image, with the one before it."""
    told = image.told
    yield from zip((None, *told), told, strict=False)


def _version(night: Night) -> str:
    return night.outcome.version if night.outcome else ""
