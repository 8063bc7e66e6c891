"""One run of a pipeline, from its lock to what follows it."""

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec.structs import replace

from builder.attest.keys import Keyring
from builder.config import Settings
from builder.errors import BuilderError
from builder.kickstart.library import Library
from builder.monitor import Monitor
from builder.pipeline import runner
from builder.pipeline.afterwards import follow_up, tell_of_start
from builder.pipeline.job import Pipeline
from builder.pipeline.waiting import asked
from builder.pipeline.work import build_job, prepare_host
from builder.recipes.work import BuildOptions
from builder.record.runs import Run, recorded


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is carried out, whatever it builds."""

    build: BuildOptions
    keyring: Keyring
    parallel: int = 0
    """0 means what the pipeline says."""


def carry_out(
    pipeline: Pipeline,
    settings: Settings,
    library: Library,
    *,
    how: RunOptions,
    monitor: Monitor,
    monitors: Callable[[str], Monitor],
) -> Run:
    """Build what has changed, record it, and do what is to follow; return the record.

    `monitors` gives each image its monitor, which must be picklable. Raises HostError when libvirt
    does not answer or the record cannot be begun; what fails of the builds is in the record.
    """
    work = partial(
        build_job,
        settings=settings,
        library=library,
        options=how.build,
        keyring=how.keyring,
    )
    try:
        prepare_host(settings, monitor)
    except BuilderError as error:
        tell_of_start(error, pipeline, settings, monitor=monitor)
        raise
    names = [job.name for job in pipeline.jobs]
    with recorded(settings.runs, pipeline.name, title=pipeline.title, jobs=names) as recording:
        outcomes = runner.run(
            pipeline.jobs,
            work,
            parallel=how.parallel or pipeline.limits.parallel,
            monitors=monitors,
            over=recording.add,
        )
        recording.run = asked(recording.run, settings, library, monitor=monitor)
        recording.end()
    followed = follow_up(recording.run, pipeline, settings, monitor=monitor)
    return replace(followed, outcomes=outcomes)
