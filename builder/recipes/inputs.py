"""What goes into a template: a kickstart that passes the linter, and a staged ISO."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import HostError, MediaError
from builder.host.host import Host
from builder.kickstart.lint import by_line, check, lint, shown
from builder.kickstart.render import render
from builder.kickstart.wanted import wanted
from builder.media.obtain import Folders, Obtained, obtain
from builder.media.obtain import expected as expected_digest
from builder.media.selection import missing
from builder.media.stage import stage, suitable, volume_ids
from builder.model.audit import Expected
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart, LintFinding, Value
from builder.model.media import AtHand, Download, IsoSource, Made, StagedIso, Voucher
from builder.model.text import rfc3339
from builder.monitor import Monitor
from builder.paths.reading import is_file
from builder.proof.audit import freed
from builder.proof.audit.judge import SEAL
from builder.record import vouchers
from builder.rehearsal.cache import cached, location
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


def rendered(order: BuildOrder, *, medium: Path | None = None, monitor: Monitor) -> Kickstart:
    """Return the order's kickstart; raise for the linter's first error, tell its other findings.

    Its packages are looked for on the `medium`, an ISO, if that is there already.
    """
    kickstart = render(order)
    binds = order.kickstart.own and not order.release.made_here
    binds &= _PINNED not in waived(order, kickstart)
    findings = lint(kickstart, capacity=order.capacity, firmware=order.firmware, binds=binds)
    if medium:
        findings = by_line((*findings, *lacking(order, kickstart, medium)))
    judge(kickstart, findings, monitor=monitor)
    return kickstart


def lacking(
    order: BuildOrder, kickstart: Kickstart, medium: Path | None
) -> tuple[LintFinding, ...]:
    """Return what is to be said of packages that the ISO does not have. Raises MediaError."""
    if medium and isinstance(
        order.iso, AtHand
    ):  # before all else: the wrong ISO lacks many packages
        suitable(medium, volume_ids=volume_ids(order.release))
    return missing(wanted(kickstart), medium)


def judge(kickstart: Kickstart, findings: tuple[LintFinding, ...], *, monitor: Monitor) -> None:
    """Raise for the first error, tell the other findings."""
    raised = next((each for each in findings if each.severity == "error"), None)
    for each in (each for each in findings if each is not raised):
        place = "the kickstart"
        if each.line:
            place = f"line {each.line} of the kickstart{shown(kickstart, each.line)}"
        if each.severity == "error":
            monitor.tell("note", f"error: {place}: {each.message}")
        elif each.severity == "note":
            monitor.tell("note", each.message)
        else:
            monitor.tell("warning", f"{place}: {each.message}")
    check(kickstart, findings)


def at_hand(order: BuildOrder, iso_pool: Path, cache: Path) -> Path | None:
    """Return where the order's ISO is, if nothing has to be fetched or made for it.

    That of a release that moves may be another one under the same name: it is looked at when it was
    verified. Raises HostError where nobody may look.
    """
    if isinstance(order.iso, AtHand):
        return order.iso.path
    places = [] if order.release.rolling else [iso_pool / order.iso.title]
    if isinstance(order.iso, Made):
        made = location(cache, layout=order.iso.layout)
        places = [iso_pool / made.name, made]
    return next((each for each in places if is_file(each, error_class=HostError)), None)


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
    found = _obtained(order.iso, host=host, monitor=monitor)
    try:
        iso = stage(
            found.path,
            pool=host.iso_pool,
            expected_sha256=found.sha256 or None,
            volume_ids=volume_ids(order.release),
            monitor=monitor,
        )
    except MediaError as error:
        _tell_apart(order, found.path, error, monitor=monitor)
        raise
    pools.notice(host.connection, iso.pool)
    if isinstance(order.iso, Made):
        _keep(iso, found.voucher, order=order, state=host.settings.state, monitor=monitor)
    monitor.tell("note", f"{iso.volume}: {found.voucher}")
    return replace(iso, voucher=found.voucher)


def _keep(
    iso: StagedIso, voucher: Voucher, *, order: BuildOrder, state: Path, monitor: Monitor
) -> None:
    """Have lists know what was made here, whose name in the pool is no medium's."""
    record = vouchers.Record(
        sha256=iso.sha256,
        file=iso.volume,
        asked=order.release.media[order.variant].file,
        voucher=voucher,
        when=rfc3339(datetime.now(UTC), "milliseconds"),
    )
    vouchers.keep(state, record, monitor=monitor)


def _tell_apart(order: BuildOrder, path: Path, error: MediaError, *, monitor: Monitor) -> None:
    """Raise a better error where an ISO at hand is another medium of the same release."""
    others = {name: each for name, each in order.release.media.items() if name != order.variant}
    if not isinstance(order.iso, AtHand) or not any(each.sha256 for each in others.values()):
        return
    digest = files.remembered(path) or files.sha256(path, monitor=monitor)
    for name, medium in others.items():
        if medium.sha256 == digest:
            raise MediaError(
                f"{path.name} is the medium {name} of {order.release.name}, and not "
                f"{order.variant}.",
                hint=f"Say so: --medium {name}.",
            ) from error


def _obtained(source: IsoSource, *, host: Host, monitor: Monitor) -> Obtained:
    settings = host.settings
    folders = Folders(pool=host.iso_pool.path, cache=settings.cache, state=settings.state)
    if isinstance(source, AtHand):
        sha256, voucher = expected_digest(source, folders, monitor=monitor)
        return Obtained(path=source.path, sha256=sha256, voucher=voucher)
    if isinstance(source, Download):
        return obtain(source, folders, monitor=monitor)
    made = cached(settings.cache, layout=source.layout, monitor=monitor)
    return Obtained(path=made, sha256="", voucher=Voucher(state="made"))
