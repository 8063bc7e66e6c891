"""The runs that are on record, a line each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from builder import files
from builder.monitor import Monitor
from builder.record.builds import moment
from builder.record.runs import Run, records

State = Literal["running", "ended", "killed"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    run_id: str
    pipeline: str
    state: State
    began: str
    """RFC 3339, UTC."""
    seconds: float | None
    """None while it runs, and for one that was killed."""
    images: int
    """That were to be built."""
    published: int
    unchanged: int
    failed: tuple[str, ...]
    """Names of images."""
    path: Path
    """Of its record."""


def lines(place: Path, pipeline: str = "", *, monitor: Monitor) -> tuple[Line, ...]:
    """Return all runs, or those of a pipeline, newest first. Raises as `records` does."""
    found = records(place, pipeline, monitor=monitor)[::-1]
    running = _running(found)
    return tuple(_line(path, run, runs=run.run_id in running) for path, run in found)


def _running(newest_first: Sequence[tuple[Path, Run]]) -> frozenset[str]:
    """Return the ids of runs that go on: the newest without an end, where a run has the folder."""
    newest: dict[Path, str] = {}
    for path, run in newest_first:
        if not run.ended:
            newest.setdefault(path.parent, run.run_id)
    return frozenset(run_id for folder, run_id in newest.items() if files.held(folder))


def _line(path: Path, run: Run, *, runs: bool) -> Line:
    results = [each.result for each in run.outcomes]
    began, ended = moment(run.began), moment(run.ended)
    return Line(
        run_id=run.run_id,
        pipeline=run.pipeline,
        state="running" if runs else "ended" if run.ended else "killed",
        began=run.began,
        seconds=(ended - began).total_seconds() if began and ended else None,
        images=len(run.jobs),
        published=results.count("published"),
        unchanged=results.count("unchanged"),
        failed=tuple(each.name for each in run.failed),
        path=path,
    )
