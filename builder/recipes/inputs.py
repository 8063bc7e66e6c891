"""What goes into a template: a kickstart that passes the linter, and a staged ISO."""

from pathlib import Path

import msgspec

from builder.host.host import Host
from builder.kickstart.lint import check, lint, shown
from builder.kickstart.render import render
from builder.media.fetch import fetch
from builder.media.stage import stage
from builder.model.audit import Expected
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart, Value
from builder.model.media import AtHand, Download, IsoSource, StagedIso
from builder.monitor import Monitor
from builder.proof.audit import freed
from builder.proof.audit.judge import SEAL
from builder.rehearsal.cache import cached
from builder.virt import pools

_BY_THE_SEAL = {
    "clone-machine-ids",
    "clone-ssh-host-keys",
    "clone-dhcp-identities",
    "clone-drawn-names",
}
"""Checks of clones that only a sealed template can pass."""
_BY_OUR_KICKSTARTS = {"authorized-keys", "clone-growth", "hostname", "root-login", "users"}
"""What a kickstart at hand decides by itself, and does not tell us."""
_PINNED = "network-identity"


def rendered(order: BuildOrder, *, monitor: Monitor) -> Kickstart:
    """Return the order's kickstart; raise for the linter's first error, tell its other findings."""
    kickstart = render(order)
    binds = order.kickstart.own and not order.release.made_here
    binds &= _PINNED not in waived(order, kickstart)
    findings = lint(kickstart, capacity=order.capacity, firmware=order.firmware, binds=binds)
    raised = next((each for each in findings if each.severity == "error"), None)
    for each in (each for each in findings if each is not raised):
        place = "the kickstart"
        if each.line:
            place = f"line {each.line} of the kickstart{shown(kickstart, each.line)}"
        if each.severity == "error":
            monitor.tell("note", f"error: {place}: {each.message}")
        else:
            monitor.tell("warning", f"{place}: {each.message}")
    check(kickstart, findings)
    return kickstart


def expected(order: BuildOrder, kickstart: Kickstart) -> Expected:
    """Return what the order wants to be on the disk, which is then no finding of the audit."""
    user = str(kickstart.values.get("user", ""))
    return Expected(
        hostname=str(kickstart.values.get("hostname", "")),
        users=(user,) if user else (),
        ssh_keys=_texts(kickstart.values.get("ssh_keys", ())),
        root_password=order.secrets.root_password_hash is not None,
    )


def waived(order: BuildOrder, kickstart: Kickstart) -> frozenset[str]:
    """Return the names of the checks that the order lets pass, by its words or by its nature."""
    names = {*order.waive, *_texts(kickstart.values["seal_except"])}
    if not kickstart.values["seal"]:
        names |= {*SEAL, *_BY_THE_SEAL, freed.NAME}
    if order.kickstart.own:
        names |= _BY_OUR_KICKSTARTS
    return frozenset(names)


def _texts(value: Value) -> tuple[str, ...]:
    return msgspec.convert(value, tuple[str, ...])


def staged(order: BuildOrder, *, host: Host, monitor: Monitor) -> StagedIso:
    """Return the order's ISO in the iso pool."""
    iso = stage(
        _obtain(order.iso, host=host, monitor=monitor),
        pool=host.iso_pool,
        expected_sha256=order.iso.sha256 or None,
        volume_id=order.release.volume_id,
        monitor=monitor,
    )
    pools.notice(host.connection, iso.pool)
    return iso


def _obtain(source: IsoSource, *, host: Host, monitor: Monitor) -> Path:
    if isinstance(source, AtHand):
        return source.path
    if isinstance(source, Download):
        return fetch(source, cache=host.iso_pool.path, monitor=monitor)
    return cached(host.settings.cache, layout=source.layout, monitor=monitor)
