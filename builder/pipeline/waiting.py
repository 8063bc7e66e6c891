"""Updates that wait for what a run has built or kept, for its record and the report."""

from msgspec.structs import replace

from builder.config import Settings
from builder.errors import BuilderError, MediaError
from builder.host import pools
from builder.kickstart.library import Library
from builder.monitor import Monitor, SilentMonitor
from builder.recipes.updates import all_waiting
from builder.record.runs import Outcome, Run, Waiting
from builder.registry.registry import Registry


def asked(run: Run, settings: Settings, library: Library, *, monitor: Monitor) -> Run:
    """Return a run with what waits for each of its templates; each repository is read once.

    A repository that does not answer fails nothing: a warning tells, and nobody knows.
    """
    try:
        store = Registry(pools.folder(settings, "store_pool", monitor=SilentMonitor()))
        versions = ((each.name, each.version) for each in run.outcomes)
        templates = [store.template(*each) if each[1] else None for each in versions]
    except BuilderError:  # the pool is away: what was to be said of that, the builds have said
        return run
    found = all_waiting(templates, library, monitor=monitor)
    return replace(run, outcomes=tuple(map(_with, run.outcomes, found)))


def _with(outcome: Outcome, waiting: Waiting | MediaError | None) -> Outcome:
    known = None if isinstance(waiting, MediaError) else waiting
    return replace(outcome, waiting=known)
