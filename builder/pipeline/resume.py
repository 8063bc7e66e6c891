"""What earlier runs left: builds to go on with, and builds that nobody will."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec

from builder import files
from builder.config import Settings
from builder.errors import BuilderError, HostError
from builder.host.host import Host
from builder.model.build import BuildOrder
from builder.monitor import Monitor, SilentMonitor
from builder.recipes import gc
from builder.recipes.joining import obstacle
from builder.recipes.work import BuildOptions, Ticket
from builder.record.builds import OPEN, RUNNING, Build, opened
from builder.record.checkpoint import Checkpoint
from builder.record.listing import builds
from builder.registry.registry import Registry

_FRESH = timedelta(days=1)
"""What is installed from the network is of the day on which that began."""
_HOST = HostError.exit_code


def loose(settings: Settings, name: str, *, pipeline: str) -> bool:
    """Tell whether there are builds of that template that have not ended, of the pipeline's."""
    return any(
        _is_ours(each, pipeline) or _is_nothing(each)
        for each in builds(settings.builds, name, monitor=SilentMonitor())
        if each.state in (*OPEN, RUNNING) and not each.flaw
    )


def settled(
    order: BuildOrder, host: Host, *, options: BuildOptions, kept: bool, monitor: Monitor
) -> Build | None:
    """Return the build to go on with, the newest of this order; None where there is none.

    `options` are those of the run, which have its pipeline.

    Whoever ran the pipeline before us is gone, for we have its lock: what is left of its builds
    that cannot be gone on with is cleared. Those of others are left to them, and to `gc`. With
    `kept`, the order's template is there, and only the build that made it is to be finished.
    """
    found, pipeline = None, options.pipeline
    known = builds(host.settings.builds, order.name, monitor=monitor)
    for each in filter(None, (_let_go(build, pipeline, monitor) for build in known)):
        if (
            found is None
            and _goes_on(each, order, options)
            and (not kept or _has_published(each, host))
        ):
            found = each
        elif _is_ours(each, pipeline) or _is_nothing(each):
            _clear(each, host, monitor)
        else:
            monitor.tell("note", f"{each.record.build_id} is left alone: {each.result}")
    return found


def _let_go(build: Build, pipeline: str, monitor: Monitor) -> Build | None:
    """Return the build as it is when nobody is at it any more; None where it has ended.

    A process of the run before us ends by itself, as soon as it sees that it is alone.
    """
    if build.state == RUNNING and _is_ours(build, pipeline):
        monitor.tell("note", f"waiting for the process of the build {build.record.build_id}")
        with suppress(OSError), files.locked(build.folder):
            pass
        build = opened(build.folder) or build
    return build if build.state in OPEN and not build.flaw else None


def _ticket(build: Build) -> Ticket | None:
    with suppress(HostError):
        return Ticket.of(Checkpoint.read(build.folder))
    return None


def _is_ours(build: Build, pipeline: str) -> bool:
    ticket = _ticket(build)
    return ticket is not None and ticket.options.pipeline == pipeline


def _is_nothing(build: Build) -> bool:
    """Tell whether it was killed before it had begun: then there is nothing to go on with."""
    return build.state in OPEN and not Checkpoint.read(build.folder)


def _goes_on(build: Build, order: BuildOrder, options: BuildOptions) -> bool:
    """Tell whether it is a build of this very order that the image is not to blame for.

    One whose clones did not come up would fail again every night; and so would one that is to be
    signed with a key which only who began it can use.
    """
    ticket = _ticket(build)
    if ticket is None or obstacle(build):
        return False
    spoilt = build.record.exit_code not in (None, _HOST)
    stale = datetime.now(UTC) - build.began > _FRESH
    signs = ticket.options.sign not in (None, options.sign)
    return _same(ticket.order, order) and not (spoilt or stale or signs)


def _same(one: BuildOrder, other: BuildOrder) -> bool:
    """Compare what they say: one was kept as JSON."""
    return msgspec.json.encode(one, enc_hook=str) == msgspec.json.encode(other, enc_hook=str)


def _has_published(build: Build, host: Host) -> bool:
    registry = Registry(host.store_pool.path)
    entries = registry.entries(registry.ledger(build.record.name))
    return any(each.header and each.header.build_id == build.record.build_id for each in entries)


def _clear(build: Build, host: Host, monitor: Monitor) -> None:
    """Clear it. That it cannot be is told, and is no reason not to build."""
    monitor.tell("note", f"clearing {build.record.build_id}, which nobody can go on with")
    try:
        gc.cleared(host, build, monitor)
    except (BuilderError, OSError) as error:
        monitor.tell("warning", f"{build.record.build_id} is left behind: {error}")
