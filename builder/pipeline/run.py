"""One run of a pipeline, from its lock to what follows it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count

import msgspec
from msgspec.structs import replace

from builder.attest.keys import Keyring
from builder.config import Settings
from builder.errors import HostError
from builder.kickstart.library import Library
from builder.model.domain import Accelerator
from builder.model.storage import Pool
from builder.model.text import duration
from builder.monitor import Monitor, SilentMonitor
from builder.pipeline import host, runner, schedule
from builder.pipeline.afterwards import follow_up, tell_of_start
from builder.pipeline.child import failure
from builder.pipeline.display import Display
from builder.pipeline.job import Job, Limits, Pipeline, Retry
from builder.pipeline.kept import kept
from builder.pipeline.lock import alone
from builder.pipeline.measured import described, pools_of
from builder.pipeline.resume import loose
from builder.pipeline.waiting import asked
from builder.pipeline.work import How, build_job, prepare_host
from builder.recipes.work import BuildOptions
from builder.record.runs import Outcome, Recording, Run, recorded, runs


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is carried out, whatever it builds."""

    build: BuildOptions
    keyring: Keyring
    parallel: int = 0
    """0 means what the pipeline says."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is carried out, and who hears of it."""

    settings: Settings
    library: Library
    monitor: Monitor
    display: Display
    over: Callable[[Outcome], object]

    def end(self, outcome: Outcome) -> None:
        """Have everybody know of an outcome that no build led to."""
        self.over(outcome)
        self.display.over(outcome)


def carry_out(
    pipeline: Pipeline,
    settings: Settings,
    library: Library,
    *,
    how: RunOptions,
    monitor: Monitor,
    display: Display,
) -> Run:
    """Build what has changed, record it, and do what is to follow; return the record.

    Raises HostError when another process runs the pipeline, when libvirt does not answer, or the
    record cannot be begun; what fails of the builds is in the record.
    """
    if how.parallel:
        pipeline = replace(pipeline, limits=replace(pipeline.limits, parallel=how.parallel))
    with alone(settings.runs, pipeline.name):
        with _recorded(pipeline, settings, monitor) as recording:
            place = _Place(
                settings=settings,
                library=library,
                monitor=monitor,
                display=display,
                over=lambda outcome: recording.add(described(outcome)),
            )
            refused = _built(pipeline, place, how=how)
            recording.run = asked(recording.run, settings, library, monitor=monitor)
            if flaw := recording.end(pools_of(settings)):
                monitor.tell("warning", f"The record of the run is not whole: {flaw}")
        done = follow_up(recording.run, pipeline, settings, monitor=monitor)
    if refused:
        raise refused
    names = [job.name for job in pipeline.jobs]
    outcomes = sorted(done.outcomes, key=lambda each: names.index(each.name))
    return replace(done, outcomes=tuple(outcomes))


@contextmanager
def _recorded(pipeline: Pipeline, settings: Settings, monitor: Monitor) -> Iterator[Recording]:
    """Keep the record of a run for the block; that there can be none somebody is told."""
    names = [job.name for job in pipeline.jobs]
    with ExitStack() as stack:
        record = recorded(
            settings.runs, pipeline.name, title=pipeline.title, jobs=names, others=pipeline.others
        )
        try:
            recording = stack.enter_context(record)
        except HostError as error:
            tell_of_start(error, pipeline, settings, monitor=monitor)
            raise
        yield recording


def _built(pipeline: Pipeline, place: _Place, *, how: RunOptions) -> HostError | None:
    """Build what has to be; return why nothing could be begun on this host."""
    unchanged = {}
    if not how.build.force:
        unchanged = kept(pipeline, place.settings, place.library)
    left = []
    for job in pipeline.jobs:
        # What is to be signed is signed where it is built, also if it is there already.
        done = job.name in unchanged and how.build.sign is None
        if done and not loose(place.settings, job.name, pipeline=pipeline.name):
            place.end(unchanged[job.name])
        else:
            left.append(job)
    if not left:
        return None
    work = partial(
        build_job,
        settings=place.settings,
        library=place.library,
        how=How(
            options=replace(how.build, pipeline=pipeline.name),
            keyring=how.keyring,
            kept=frozenset(unchanged),
        ),
    )
    try:
        tasks, rules = _scheduled(left, pipeline, place)
    except HostError as error:
        for job in left:
            place.end(failure(job, error.message, hint=error.hint, exit_code=error.exit_code))
        return error
    runner.run(tasks, work, rules=rules, display=place.display, over=place.over)
    return None


def _scheduled(
    jobs: Iterable[Job], pipeline: Pipeline, place: _Place
) -> tuple[list[schedule.Task], runner.Rules]:
    """Return what is to be built within which limits; what exceeds them is over."""
    settings, limits = place.settings, pipeline.limits
    accelerator, store = _prepared(pipeline.retry, place)
    times = schedule.learned(runs(settings.runs, pipeline.name, monitor=SilentMonitor()))
    made = partial(host.task, accelerator=accelerator, store=store.path)
    tasks = [made(job, settings, place.library) for job in jobs]
    # A run measures the whole of a build, a template's record from its beginning to its end.
    tasks = [replace(task, expected=times.get(task.name, task.expected)) for task in tasks]
    room = schedule.room(limits, host.has(store.path, parallel=limits.parallel))
    rules = runner.Rules(
        room=room,
        retry=pipeline.retry,
        seconds=limits.minutes and limits.minutes * 60,
        build_seconds=limits.build_minutes and limits.build_minutes * 60,
    )
    return [task for task in tasks if not _exceeds(task, limits, place)], rules


def _prepared(retry: Retry, place: _Place) -> tuple[Accelerator, Pool]:
    """Return how guests run and the store pool; a libvirt that may come back is waited for."""
    for attempt in count(1):
        try:
            return prepare_host(place.settings, place.monitor)
        except HostError as error:
            if not schedule.again(error.exit_code, retry, attempt, may_pass=error.may_pass):
                raise
            pause = schedule.wait(retry, attempt)
            said = f"{error.message} It is tried again in {duration(pause)}."
            place.monitor.tell("warning", said)
            time.sleep(pause)
    raise AssertionError("the count has no end")


def _exceeds(task: schedule.Task, limits: Limits, place: _Place) -> bool:
    """Tell whether a build alone would exceed what the file allows; then it has failed."""
    if not (excess := schedule.excess(task.need, limits)):
        return False
    sentence = f"{task.name} cannot be built within the pipeline's limits: {excess}."
    hint = "Two clones are booted at once to check it: raise the limit, or have smaller guests."
    place.end(failure(task.job, sentence, hint=hint, exit_code=3))
    return True
