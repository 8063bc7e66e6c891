"""Which images need no build: judged in this process, for another one costs half a second each."""

from contextlib import suppress

from builder.config import Settings
from builder.errors import BuilderError
from builder.host import pools
from builder.kickstart.library import Library
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.pipeline.job import Pipeline
from builder.pipeline.plan import Planned, plan
from builder.record.runs import Outcome
from builder.registry.registry import Registry


def kept(pipeline: Pipeline, settings: Settings, library: Library) -> dict[str, Outcome]:
    """Return the outcomes of those images whose newest template is as it would be built now.

    What cannot be judged here, or would fail, is left to the build, which judges once more.
    """
    planned = plan(pipeline, settings, library, monitor=SilentMonitor())
    unchanged = [each for each in planned if each.state == "unchanged"]
    found: dict[str, Outcome] = {}
    with suppress(BuilderError):
        store = Registry(pools.folder(settings, "store_pool", monitor=SilentMonitor()))
        for each in unchanged:
            if template := store.template(each.name, each.version):
                found[each.name] = _outcome(each, template)
    return found


def _outcome(planned: Planned, template: Template) -> Outcome:
    return Outcome(
        name=planned.name,
        result="unchanged",
        seconds=0,
        version=template.version,
        path=str(template.path),
        sha256=template.image.sha256,
        reason=planned.reason,
    )
