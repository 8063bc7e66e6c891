"""Remove old records of runs."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder import files
from builder.errors import HostError, UsageError, explained, suggest
from builder.model.traces import scratch_of
from builder.monitor import Monitor
from builder.record import retention
from builder.record.builds import is_folder, moment
from builder.record.retention import Past, Retention
from builder.record.runs import Run, records

_MEND = "Mend its permissions."
_Found = tuple[Path, Run]


class PrunedRun(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a run, and what became of it."""

    run_id: str
    pipeline: str
    path: Path
    size: int
    """Bytes of it."""
    kept: tuple[str, ...] = ()
    """Why it stays; empty where it goes."""
    error: str = ""
    """Why it could not be removed."""


def prune_runs(
    place: Path, pipeline: str = "", *, rule: Retention, dry_run: bool = False, monitor: Monitor
) -> tuple[PrunedRun, ...]:
    """Remove records that the rule, counted for each pipeline, lets go; newest first.

    What is no record of ours stays. While a run goes on, so do all that have no end, for one of
    them is its own; and the newest stays whatever the rule says, for a run may just begin.
    `dry_run` only tells. Raises UsageError for a pipeline that never ran, and HostError as
    `records` does; what fails of a record is in its `error`.
    """
    every = records(place, pipeline, monitor=monitor)
    if pipeline and not every:
        known = {run.pipeline for _path, run in records(place, monitor=monitor)}
        hint = suggest(pipeline, known, none="No pipeline has run yet.")
        raise UsageError(f"There is no run of {pipeline!r}.", hint=hint)
    folders = dict.fromkeys(path.parent for path, _run in every)
    found = []
    for each in folders:
        its = [(path, run) for path, run in every if path.parent == each]
        why = _judged(each, its, rule)
        found += [_settled(path, run, why[run.run_id], dry_run=dry_run) for path, run in its[::-1]]
        if not dry_run:
            _clear_halves(each)
    return tuple(found)


def _judged(place: Path, its: Iterable[_Found], rule: Retention) -> dict[str, tuple[str, ...]]:
    why = retention.judge(map(_past, its), rule, now=datetime.now(UTC))
    newest = next(iter(why))
    why[newest] = why[newest] or ("the newest",)
    if not is_folder(place):
        return {run_id: ("its folder is a link, or another user's",) for run_id in why}
    if files.held(place):
        open_ = (run.run_id for _path, run in its if not run.ended)
        why |= {run_id: ("a run goes on, which may be this one",) for run_id in open_}
    return why


def _past(found: _Found) -> Past:
    path, run = found
    began = moment(run.began) or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    well = (each.name for each in run.outcomes if each.result != "failed")
    return Past(
        id=run.run_id,
        began=began,
        ended=moment(run.ended) or began,
        good=tuple(well),
        failed=bool(run.failed) or not run.ended,
    )


def _settled(path: Path, run: Run, why: tuple[str, ...], *, dry_run: bool) -> PrunedRun:
    error, size = "", 0
    try:
        with explained(f"Cannot remove {path}", hint=_MEND), suppress(FileNotFoundError):
            size = path.lstat().st_size
            if not (why or dry_run):
                path.unlink()
    except HostError as refused:
        error = f"{refused.message} {refused.hint}"
    return PrunedRun(
        run_id=run.run_id, pipeline=run.pipeline, path=path, size=size, kept=why, error=error
    )


def _clear_halves(place: Path) -> None:
    """Remove what killed runs have left of a record that they were writing."""
    with suppress(HostError, OSError):
        for path in files.inside(place):
            half = scratch_of(path.name).endswith(".json")
            if half and files.own(path) and not files.held(path):
                path.unlink(missing_ok=True)
