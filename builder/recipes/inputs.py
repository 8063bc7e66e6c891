"""What goes into a template: a kickstart that passes the linter, and a staged ISO."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder.host.host import Host
from builder.kickstart.lint import check, lint
from builder.kickstart.render import render, values
from builder.media.fetch import fetch
from builder.media.stage import stage
from builder.model.audit import Expected
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart
from builder.model.media import StagedIso
from builder.monitor import Monitor
from builder.proof.audit.judge import SEAL
from builder.rehearsal.cache import cached
from builder.virt import pools

_BY_THE_SEAL = {"clone-machine-ids", "clone-ssh-host-keys", "clone-dhcp-identities"}
"""Checks of clones that only a sealed template can pass."""
_BY_OUR_KICKSTARTS = {"authorized-keys", "clone-growth", "hostname", "root-login", "users"}
"""What a kickstart at hand decides by itself, and does not tell us."""


def rendered(order: BuildOrder, *, nonce: str) -> Kickstart:
    """Return the order's kickstart. Raises KickstartError when it does not pass the linter."""
    options = replace(order.options, nonce=nonce)
    kickstart = render(
        order.release, order.profile, options, file=order.kickstart, own=order.kickstarts
    )
    check(kickstart, lint(kickstart))
    return kickstart


def expected(order: BuildOrder) -> Expected:
    """Return what the order wants to be on the disk, which is then no finding of the audit."""
    wanted = values(order.release, order.profile, order.options, own=order.kickstarts)
    user = str(wanted.get("user", ""))
    return Expected(
        hostname=str(wanted.get("hostname", "")),
        users=(user,) if user else (),
        ssh_keys=msgspec.convert(wanted.get("ssh_keys", ()), tuple[str, ...]),
        root_password=order.options.secrets.root_password_hash is not None,
    )


def waived(order: BuildOrder) -> frozenset[str]:
    """Return the names of the checks that the order lets pass, by its words or by its nature."""
    wanted = values(order.release, order.profile, order.options, own=order.kickstarts)
    names = {*order.waive, *msgspec.convert(wanted["seal_except"], tuple[str, ...])}
    if not wanted["seal"]:
        names |= {*SEAL, *_BY_THE_SEAL}
    if order.kickstart:
        names |= _BY_OUR_KICKSTARTS
    return frozenset(names)


def staged(order: BuildOrder, *, host: Host, monitor: Monitor) -> StagedIso:
    """Return the order's ISO in the iso pool: a given file, a rehearsal made here, a download."""
    unverified = order.allow_unverified or order.release.made_here
    iso = stage(
        order.iso or _obtain(order, host=host, monitor=monitor),
        pool=host.iso_pool,
        expected_sha256=None if unverified else order.medium.sha256,
        volume_id=order.release.volume_id,
        monitor=monitor,
    )
    pools.notice(host.connection, iso.pool)
    return iso


def _obtain(order: BuildOrder, *, host: Host, monitor: Monitor) -> Path:
    if order.release.made_here:
        return cached(host.settings.cache, monitor=monitor)
    return fetch(order.release, order.medium, cache=host.iso_pool.path, monitor=monitor)
