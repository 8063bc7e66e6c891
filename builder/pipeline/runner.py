"""Run the builds of a pipeline on this machine, several at once, each in a process of its own."""

import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import msgspec
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.model.template import Built
from builder.model.text import plain
from builder.monitor import Monitor
from builder.pipeline.job import Job
from builder.record.runs import Outcome

Work = Callable[[Job, Monitor], Built]
"""Builds one job; goes to another process, so it must be a function of a module, or a partial."""

_LONGEST = 10_000
"""Characters of a sentence: names of files may be anything, and go into records."""
_STOP = (signal.SIGINT, signal.SIGTERM)
_SPAWN = get_context("spawn")  # neither libvirt nor its threads survive a fork


class _Worker(msgspec.Struct, frozen=True, kw_only=True):
    job: Job
    process: SpawnProcess
    began: float


def run(
    jobs: Sequence[Job],
    work: Work,
    *,
    parallel: int,
    monitors: Callable[[str], Monitor],
    over: Callable[[Outcome], object],
) -> tuple[Outcome, ...]:
    """Do `work` for every job, `parallel` at a time; return the outcomes in the jobs' order.

    A job that fails stops no other. `monitors` gives each its monitor, which must be picklable;
    `over` is called with each outcome at once.
    When this is interrupted, so is every running build, and each has cleaned up before we return.
    """
    resource_tracker.ensure_running()  # at its own start it would let held-back signals through
    waiting = deque(jobs)
    running: dict[Connection, _Worker] = {}
    outcomes: dict[str, Outcome] = {}
    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                job = waiting.popleft()
                _start(job, work, monitors(job.name), running=running)
            for pipe in _ready(running):
                outcome = _collect(pipe, running[pipe])
                del running[pipe]
                outcomes[outcome.name] = outcome
                over(outcome)
                _tell(outcome, monitors(outcome.name))
    finally:
        _stop([worker.process for worker in running.values()])
    return tuple(outcomes[job.name] for job in jobs)


def _start(job: Job, work: Work, monitor: Monitor, *, running: dict[Connection, _Worker]) -> None:
    receiver, sender = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_child, args=(job, work, monitor, sender), name=job.name)
    with _held_back():
        process.start()
        running[receiver] = _Worker(job=job, process=process, began=time.monotonic())
    sender.close()


@contextmanager
def _held_back() -> Iterator[None]:
    """Hold signals back; a process started meanwhile inherits that, until it can handle them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ready(running: dict[Connection, _Worker]) -> list[Connection]:
    return [pipe for pipe in wait(list(running)) if isinstance(pipe, Connection)]


def _collect(pipe: Connection, worker: _Worker) -> Outcome:
    try:
        outcome = pipe.recv()
    except (EOFError, OSError):  # it died before or while it said how it went
        outcome = None
    worker.process.join()
    pipe.close()
    return outcome if isinstance(outcome, Outcome) else _lost(worker)


def _lost(worker: _Worker) -> Outcome:
    return _failed(
        worker.job,
        f"The process of the build ended by itself (exit code {worker.process.exitcode}).",
        hint="`builder attach` finishes such a build, `builder gc` clears what it left.",
        exit_code=1,
        began=worker.began,
    )


def _stop(processes: Sequence[SpawnProcess]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _tell(outcome: Outcome, monitor: Monitor) -> None:
    if outcome.result == "failed":
        monitor.tell("warning", f"failed: {outcome.error}")
    else:
        monitor.tell("note", f"{outcome.result}: {outcome.name} {outcome.version}")


def _child(job: Job, work: Work, monitor: Monitor, sender: Connection) -> None:
    for number in _STOP:
        signal.signal(number, _interrupt)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
        sender.send(_attempt(job, work, monitor))
    except KeyboardInterrupt:
        sys.exit(130)


def _interrupt(_number: int, _frame: object) -> None:
    # A terminal's Ctrl-C reaches us and our parent, which then stops us again: once is enough, and
    # nothing may interrupt the cleaning up. (With SIG_IGN, Python complains of a pending signal.)
    for number in _STOP:
        signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt


def _attempt(job: Job, work: Work, monitor: Monitor) -> Outcome:
    began = time.monotonic()
    try:
        built = work(job, monitor)
    except BuilderError as error:
        told = _failed(job, error.message, hint=error.hint, exit_code=error.exit_code, began=began)
        return replace(told, folder=str(error.evidence or ""))
    except Exception as error:
        monitor.tell("warning", traceback.format_exc())
        return _failed(
            job,
            f"{type(error).__name__}: {error}",
            hint="This is a defect of builder: report it with the traceback above.",
            exit_code=1,
            began=began,
        )
    template = built.template
    return Outcome(
        name=job.name,
        result="published" if built.fresh else "unchanged",
        seconds=round(time.monotonic() - began, 2),
        version=template.version,
        path=str(template.path),
        folder=str(built.folder or ""),
        sha256=template.image.sha256,
    )


def _failed(job: Job, error: str, *, hint: str, exit_code: int, began: float) -> Outcome:
    return Outcome(
        name=job.name,
        result="failed",
        seconds=round(time.monotonic() - began, 2),
        error=plain(error, longest=_LONGEST),
        hint=plain(hint, longest=_LONGEST),
        exit_code=exit_code,
    )
