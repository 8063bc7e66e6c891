"""A build that only waits; in a module, for it goes to other processes."""

import fcntl
import time
from pathlib import Path

from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline.job import Job
from tests.values import template


def wait(job: Job, _monitor: Monitor, *, ledger: Path, seconds: dict[str, float]) -> Built:
    """Take the job's time, and its memory meanwhile."""
    _write(ledger, 1)
    try:
        time.sleep(seconds[job.name])
    finally:
        _write(ledger, -1)
    return Built(template=template(name=job.name), fresh=True)


def _write(ledger: Path, change: int) -> None:
    with ledger.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{change}\n")
