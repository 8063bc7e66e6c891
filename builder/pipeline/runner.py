"""Run the builds of a pipeline on this machine, several at once, each in a process of its own."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as ready
from multiprocessing.context import SpawnProcess

import msgspec
from msgspec.structs import replace

from builder.model.text import duration, rfc3339
from builder.pipeline import schedule
from builder.pipeline.child import Work, child, failure, held_back
from builder.pipeline.display import Display
from builder.pipeline.job import Job, Retry
from builder.pipeline.messages import Over, receive
from builder.pipeline.schedule import Room, Task
from builder.record.runs import Outcome

_HUNG = 8
"""The exit code of what takes too long."""
_SPAWN = get_context("spawn")  # neither libvirt nor its threads survive a fork


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a run keeps to."""

    room: Room
    retry: Retry = Retry(times=0)
    seconds: float | None = None
    """After so long no build begins any more."""
    build_seconds: float | None = None
    """A build that takes longer is ended."""


class _Waiting(msgspec.Struct, frozen=True, kw_only=True):
    task: Task
    due: float = 0.0
    began: float = 0.0
    """Of the first attempt, like the next one."""
    when: str = ""
    last: Outcome | None = None
    """What the last attempt came to."""

    @property
    def attempts(self) -> int:
        """How many there were."""
        return self.last.attempts if self.last else 0


class _Worker(msgspec.Struct, frozen=True, kw_only=True):
    waiting: _Waiting
    process: SpawnProcess
    deadline: float | None

    @property
    def task(self) -> Task:
        """What it is at."""
        return self.waiting.task


def run(
    tasks: Sequence[Task],
    work: Work,
    *,
    rules: Rules,
    display: Display,
    over: Callable[[Outcome], object],
) -> None:
    """Do `work` for every task, as many at once as there is room for, the longest first.

    `over` is called with each outcome at once; a task that fails stops no other. What may pass is
    tried again, others going on meanwhile. When this is interrupted, so is every running build, and
    each has cleaned up before we return.
    """
    resource_tracker.ensure_running()  # at its own start it would let held-back signals through
    runner = _Runner(tasks, work, rules=rules, display=display, over=over)
    try:
        runner.run()
    finally:
        runner.stop()


class _Runner:
    def __init__(
        self,
        tasks: Sequence[Task],
        work: Work,
        *,
        rules: Rules,
        display: Display,
        over: Callable[[Outcome], object],
    ) -> None:
        self._waiting = [_Waiting(task=task) for task in tasks]
        self._running: dict[Connection, _Worker] = {}
        self._ended: set[Connection] = set()
        """Those that took too long, and clean up."""
        self._work, self._rules = work, rules
        self._display, self._over = display, over
        self._deadline = rules.seconds and time.monotonic() + rules.seconds

    def run(self) -> None:
        while self._waiting or self._running:
            now = time.monotonic()
            if self._deadline and now >= self._deadline:
                self._give_up()
            self._begin(now)
            self._end_late(now)
            self._listen(self._patience())
            self._display.tick()

    def stop(self) -> None:
        """Interrupt all, and wait until they have cleaned up; they go on telling of it."""
        with held_back():  # who asks twice does not want less to be cleaned up
            self._rules = replace(self._rules, retry=Retry(times=0))
            for worker in self._running.values():
                worker.process.terminate()
            while self._running:
                self._listen(self._display.pause, stopping=True)
                self._display.tick()

    def _give_up(self) -> None:
        """Fail what has not begun; what waits for another attempt has failed already."""
        for each in self._waiting:
            self._over_with(each.last or self._too_late(each.task.job))
        self._waiting = []

    def _too_late(self, job: Job) -> Outcome:
        took = duration(self._rules.seconds or 0)
        return failure(
            job,
            f"It was not begun: after {took} the pipeline begins no build any more.",
            hint="`minutes` of the pipeline's limits says so; more builds at once take less time.",
            exit_code=_HUNG,
        )

    def _over_with(self, outcome: Outcome) -> None:
        self._over(outcome)
        self._display.over(outcome)

    def _begin(self, now: float) -> None:
        due = {each.task.name: each for each in self._waiting if each.due <= now}
        running = [worker.task.need for worker in self._running.values()]
        tasks = [each.task for each in due.values()]
        for task in schedule.chosen(tasks, running, self._rules.room):
            self._display.began(task.name, expected=task.expected)
            self._start(due[task.name])

    def _start(self, waiting: _Waiting) -> None:
        now = time.monotonic()
        receiver, sender = _SPAWN.Pipe(duplex=False)
        job = waiting.task.job
        process = _SPAWN.Process(target=child, args=(job, self._work, sender), name=job.name)
        limit = self._rules.build_seconds
        with held_back():
            process.start()
            self._waiting.remove(waiting)
            if not waiting.when:
                when = rfc3339(datetime.now(UTC))
                waiting = replace(waiting, began=now, when=when)
            deadline = now + limit if limit else None
            worker = _Worker(waiting=waiting, process=process, deadline=deadline)
            self._running[receiver] = worker
        sender.close()

    def _end_late(self, now: float) -> None:
        for pipe, worker in self._running.items():
            if worker.deadline and now >= worker.deadline and pipe not in self._ended:
                self._ended.add(pipe)
                worker.process.terminate()

    def _patience(self) -> float | None:
        """Return for how long nothing is to be done but to listen; None is for ever."""
        now = time.monotonic()
        moments = [each.due for each in self._waiting if each.due > now]
        moments += [
            worker.deadline
            for pipe, worker in self._running.items()
            if worker.deadline and pipe not in self._ended
        ]
        moments += [self._deadline] if self._deadline and self._waiting else []
        seconds = [max(0.0, each - now) for each in moments]
        return min(
            [*seconds, *([self._display.pause] if self._display.pause else [])], default=None
        )

    def _listen(self, seconds: float | None, *, stopping: bool = False) -> None:
        for pipe in ready(list(self._running), seconds):
            if isinstance(pipe, Connection):
                self._hear(pipe, stopping=stopping)

    def _hear(self, pipe: Connection, *, stopping: bool) -> None:
        worker, message = self._running[pipe], receive(pipe)
        if message is not None and not isinstance(message, Over):
            self._display.heard(worker.task.name, message)
            return
        late = pipe in self._ended
        pipe.close()
        worker.process.join()
        del self._running[pipe]
        self._ended.discard(pipe)
        if message is None and stopping:
            return  # an interrupted build has no outcome
        self._judge(worker, message or Over(outcome=self._lost(worker, late=late)))

    def _lost(self, worker: _Worker, *, late: bool) -> Outcome:
        job, limit = worker.task.job, duration(self._rules.build_seconds or 0)
        if late:
            sentence = f"The build took longer than {limit}, and was ended."
            hint = "`build_minutes` of the pipeline's limits says so."
            return failure(job, sentence, hint=hint, exit_code=_HUNG)
        code = worker.process.exitcode
        return failure(
            job,
            f"The process of the build ended by itself (exit code {code}).",
            hint="`builder attach` finishes such a build, `builder gc` clears what it left.",
            exit_code=1,
        )

    def _judge(self, worker: _Worker, over: Over) -> None:
        """Keep what came of an attempt, or have another one."""
        waiting, retry = worker.waiting, self._rules.retry
        now = time.monotonic()
        outcome = replace(
            over.outcome,
            attempts=waiting.attempts + 1,
            began=waiting.when,
            seconds=round(now - waiting.began, 2),
        )
        if not schedule.again(outcome.exit_code, retry, outcome.attempts, may_pass=over.may_pass):
            self._over_with(outcome)
            return
        pause = schedule.wait(retry, outcome.attempts)
        self._waiting.append(replace(waiting, due=now + pause, last=outcome))
        self._display.waits(outcome, pause)
