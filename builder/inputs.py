"""What goes into a template: a kickstart that passes the linter, and a staged ISO."""

from pathlib import Path

from msgspec.structs import replace

from builder.hypervisor import Hypervisor
from builder.iso.fetch import fetch
from builder.iso.stage import stage
from builder.kickstart.lint import check, lint
from builder.kickstart.render import render
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart
from builder.model.media import StagedIso
from builder.monitor import Monitor
from builder.rehearsal.cache import cached
from builder.virt import pools


def rendered(order: BuildOrder, *, nonce: str) -> Kickstart:
    """Return the order's kickstart. Raises KickstartError when it does not pass the linter."""
    options = replace(order.options, nonce=nonce)
    kickstart = render(
        order.release, order.profile, options, file=order.kickstart, own=order.kickstarts
    )
    check(kickstart, lint(kickstart))
    return kickstart


def staged(order: BuildOrder, *, on: Hypervisor, monitor: Monitor) -> StagedIso:
    """Return the order's ISO in the iso pool: a given file, a rehearsal made here, a download."""
    unverified = order.allow_unverified or order.release.made_here
    iso = stage(
        order.iso or _obtain(order, on=on, monitor=monitor),
        pool=on.iso_pool,
        expected_sha256=None if unverified else order.medium.sha256,
        volume_id=order.release.volume_id,
        monitor=monitor,
    )
    pools.notice(on.connection, iso.pool)
    return iso


def _obtain(order: BuildOrder, *, on: Hypervisor, monitor: Monitor) -> Path:
    if order.release.made_here:
        return cached(on.settings.cache, monitor=monitor)
    return fetch(order.release, order.medium, cache=on.iso_pool.path, monitor=monitor)
