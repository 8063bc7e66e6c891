"""One job of a pipeline: the recipe, with a connection of its own."""

from builder.attest.keys import Keyring
from builder.config import Settings
from builder.host import pools
from builder.host.host import open_host
from builder.host.libvirtd import opened
from builder.kickstart.library import Library
from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline.job import Job
from builder.recipes.build import build
from builder.recipes.order import resolve
from builder.recipes.work import BuildOptions


def prepare_host(settings: Settings, monitor: Monitor) -> None:
    """Make both pools ready, so that builds that start at once do not each try to.

    Raises HostError when libvirt does not answer: one sentence instead of one from every build.
    """
    with opened(settings.uri, monitor=monitor) as connection:
        pools.init(connection, settings)


def build_job(
    job: Job,
    monitor: Monitor,
    *,
    settings: Settings,
    library: Library,
    options: BuildOptions,
    keyring: Keyring,
) -> Built:
    """Build the job's template. Raises the BuilderError of the step that failed."""
    order = resolve(job.request, library)
    with open_host(settings, monitor) as host:
        return build(order, host=host, options=options, keyring=keyring, monitor=monitor)
