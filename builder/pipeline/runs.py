"""The records of runs: PIPELINE/RUN.json in the state folder's runs/ tells what a run came to."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import HostError
from builder.model.text import plain, rfc3339
from builder.pipeline.definition import Pipeline
from builder.pipeline.runner import Outcome


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One carrying out of a pipeline."""

    schema: Literal[1] = 1
    run_id: str
    """Time and chance, UTC, like a build's id."""
    pipeline: str
    jobs: tuple[str, ...]
    """Names of the templates that were to be built."""
    began: str
    """RFC 3339, UTC, like `ended`."""
    ended: str = ""
    """Empty while it runs, and for ever when its process was killed."""
    outcomes: tuple[Outcome, ...] = ()
    """Of the jobs that are over, in that order."""


@contextmanager
def recorded(pipeline: Pipeline, place: Path) -> Iterator[Callable[[Outcome], None]]:
    """Keep the record of a run for the block; call what it yields with each outcome.

    Raises HostError when the record cannot be begun; a disk that fills up later stops no build.
    """
    now = datetime.now(UTC)
    run = Run(
        run_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        pipeline=plain(pipeline.name),
        jobs=tuple(job.name for job in pipeline.jobs),
        began=rfc3339(now),
    )
    path = place / (run.pipeline.strip(".") or "pipeline") / f"{run.run_id}.json"
    with files.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(outcome: Outcome) -> None:
        nonlocal run
        run = replace(run, outcomes=(*run.outcomes, outcome))
        with suppress(HostError):
            _write(path, run)

    _write(path, run)
    try:
        yield add
    finally:
        with suppress(HostError):
            _write(path, replace(run, ended=rfc3339(datetime.now(UTC))))


def _write(path: Path, run: Run) -> None:
    with files.replacing(path, mode=0o600) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
