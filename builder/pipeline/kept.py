"""Which images need no build: judged in this process, for another one costs half a second each."""

from contextlib import suppress

from builder.config import Settings
from builder.errors import BuilderError
from builder.host import pools
from builder.kickstart.library import Library
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.pipeline.job import Pipeline
from builder.pipeline.plan import plan
from builder.record.runs import Outcome
from builder.registry.registry import Registry


def kept(pipeline: Pipeline, settings: Settings, library: Library) -> dict[str, Outcome]:
    """Return the outcomes of those images whose newest template is as it would be built now.

    What cannot be judged here, or would fail, is left to the build, which judges once more.
    """
    planned = plan(pipeline, settings, library, monitor=SilentMonitor())
    found = {}
    for each in planned:
        template = _template(settings, each.name) if each.state == "unchanged" else None
        if template:
            found[each.name] = Outcome(
                name=each.name,
                result="unchanged",
                seconds=0,
                version=template.version,
                path=str(template.path),
                sha256=template.image.sha256,
                reason=each.reason,
            )
    return found


def _template(settings: Settings, name: str) -> Template | None:
    with suppress(BuilderError):
        store = pools.folder(settings, "store_pool", monitor=SilentMonitor())
        return Registry(store).find(name)
    return None
