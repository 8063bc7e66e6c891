"""The process of one build of a run: it tells its parent all, and does not outlive it."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from msgspec.structs import replace

from builder.errors import BuilderError
from builder.model.template import Built
from builder.model.text import plain
from builder.monitor import Monitor
from builder.pipeline.job import Job
from builder.pipeline.messages import Over, Sender
from builder.record.runs import Outcome

Work = Callable[[Job, Monitor], Built]
"""Builds one job; goes to another process, so it must be a function of a module, or a partial."""

_LONGEST = 10_000
"""Characters of a sentence: names of files may be anything, and go into records."""
_TRACEBACK = 2500
"""Characters of a traceback, its last ones."""
_STOP = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold signals back; a process started meanwhile inherits that, until it can handle them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def child(job: Job, work: Work, pipe: Connection) -> None:
    """Do the work, and tell what came of it."""
    for number in _STOP:
        signal.signal(number, _interrupt)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
        threading.Thread(target=_die_with_parent, daemon=True).start()
        sender = Sender(pipe)
        over = _attempt(job, work, sender)
        with held_back():  # half of it would be worth nothing
            sender.send(over)
    except KeyboardInterrupt:
        sys.exit(130)


def _interrupt(_number: int, _frame: object) -> None:
    # A terminal's Ctrl-C reaches us and our parent, which then stops us again: once is enough, and
    # nothing may interrupt the cleaning up. (With SIG_IGN, Python complains of a pending signal.)
    for number in _STOP:
        signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt


def _die_with_parent() -> None:
    """End as by kill -9 when the parent is gone, whatever we are at.

    The build stays as it is, its guest runs on: the next run of the pipeline goes on with it. The
    parent's end closes a pipe; the kernel's own signal for it would come at the end of the thread
    that started us.
    """
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)


def _attempt(job: Job, work: Work, monitor: Monitor) -> Over:
    try:
        built = work(job, monitor)
    except BuilderError as error:
        told = failure(job, error.message, hint=error.hint, exit_code=error.exit_code)
        told = replace(told, folder=str(error.evidence or ""))
        return Over(outcome=told, may_pass=error.may_pass)
    except Exception as error:
        monitor.tell("warning", traceback.format_exc()[-_TRACEBACK:])
        sentence = f"{type(error).__name__}: {error}"
        hint = "This is a defect of builder: report it with the traceback above."
        return Over(outcome=failure(job, sentence, hint=hint, exit_code=1))
    return Over(outcome=success(job, built))


def success(job: Job, built: Built) -> Outcome:
    """Return what became of a job that has its template."""
    template = built.template
    return Outcome(
        name=job.name,
        result="published" if built.fresh else "unchanged",
        seconds=0,
        version=template.version,
        path=str(template.path),
        folder=str(built.folder or ""),
        sha256=template.image.sha256,
        reason=plain(built.reason),
    )


def failure(job: Job, error: str, *, hint: str, exit_code: int) -> Outcome:
    """Return what became of a job that has none."""
    return Outcome(
        name=job.name,
        result="failed",
        seconds=0,
        error=plain(error, longest=_LONGEST),
        hint=plain(hint, longest=_LONGEST),
        exit_code=exit_code,
    )
