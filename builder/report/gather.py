"""The records of runs, sorted by pipelines, images and nights."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from builder.model.text import moment
from builder.monitor import Monitor
from builder.record.runs import Outcome, Run
from builder.report.history import History, Image, Night, Pipeline, State, bounded

NIGHTS = 90
"""Runs of a pipeline that are shown."""
_GONE = 7
"""An image that so many of the newest runs do not know has left the pipeline."""
_YEARS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""Runs of other times are not believed, and what is reckoned with these does not overflow."""


def readable(runs: Iterable[Run], *, monitor: Monitor) -> tuple[Run, ...]:
    """Return the runs of which it can be said when they began; of others it is told."""
    found = []
    for run in runs:
        if _when(run.began):
            found.append(run)
        else:
            monitor.tell("warning", f"The run {run.run_id} began at no time: {run.began!r}.")
    return tuple(found)


def gather(runs: Sequence[Run], *, dossier: Callable[[Outcome], str]) -> History:
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
    recent = {name for run in runs[-_GONE:] for name in (*run.jobs, *run.others)}
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
