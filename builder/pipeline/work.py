"""One job of a pipeline: the recipe, with a connection of its own."""

import msgspec
from msgspec.structs import replace

from builder.attest.keys import Keyring
from builder.config import Settings
from builder.host import pools
from builder.host.host import open_host
from builder.host.libvirtd import opened
from builder.kickstart.library import Library
from builder.model.domain import Accelerator
from builder.model.storage import Pool
from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline.job import Job
from builder.pipeline.resume import settled
from builder.recipes.build import attach, build
from builder.recipes.order import resolve
from builder.recipes.work import BuildOptions
from builder.virt.capabilities import accelerator


class How(msgspec.Struct, frozen=True, kw_only=True):
    """How the builds of a run are carried out."""

    options: BuildOptions
    keyring: Keyring
    kept: frozenset[str] = frozenset()
    """Those whose template is there."""


def prepare_host(settings: Settings, monitor: Monitor) -> tuple[Accelerator, Pool]:
    """Make both pools ready, so that builds that start at once do not each try to.

    Return how guests run, and the store pool. Raises HostError when libvirt does not answer: one
    sentence instead of one from every build.
    """
    with opened(settings.uri, monitor=monitor) as connection:
        _, store = pools.init(connection, settings)
        return accelerator(connection), store


def build_job(
    job: Job, monitor: Monitor, *, settings: Settings, library: Library, how: How
) -> Built:
    """Build the job's template, or go on with the build of an earlier run.

    Raises the BuilderError of the step that failed.
    """
    order = resolve(job.request, library)
    options = replace(how.options, rebuild=job.rebuild, max_age_days=job.max_age_days)
    with open_host(settings, monitor) as host:
        kept = job.name in how.kept
        begun = settled(order, host, options=options, kept=kept, monitor=monitor)
        if begun is not None:
            monitor.tell("note", f"going on with the build {begun.record.build_id}")
            folder = begun.folder
            return attach(folder, host=host, options=options, keyring=how.keyring, monitor=monitor)
        return build(order, host=host, options=options, keyring=how.keyring, monitor=monitor)
