"""One run of a pipeline at a time."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from builder import files
from builder.errors import HostError
from builder.monitor import SilentMonitor
from builder.record.runs import folder, runs


@contextmanager
def alone(place: Path, pipeline: str) -> Iterator[None]:
    """Let nobody else run the pipeline for the block; `place` is where the records of runs are.

    The lock is on the folder of its records, and ends with this process, however that ends. Raises
    HostError when somebody has it, with when that run began and by which process.
    """
    where = folder(place, pipeline)
    with ExitStack() as undo:
        with files.writing(where, hint="Choose another folder with BUILDER_STATE."):
            where.mkdir(parents=True, exist_ok=True)
            try:
                undo.enter_context(files.locked(where, wait=False))
            except BlockingIOError as error:
                raise _busy(place, pipeline) from error
        yield


def _busy(place: Path, pipeline: str) -> HostError:
    known = [each for each in runs(place, pipeline, monitor=SilentMonitor()) if not each.ended]
    since = f"since {known[-1].began}, by the process {known[-1].pid}" if known else "as of now"
    return HostError(
        f"The pipeline {pipeline} is being run already, {since}.",
        hint="Wait until that run has ended: there is one run of a pipeline at a time.",
    )
