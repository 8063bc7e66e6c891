"""Carry out an installation plan."""

import time
from contextlib import suppress
from pathlib import Path

import msgspec

from builder.errors import BuilderError
from builder.install import report
from builder.install.heard import Heard
from builder.install.watch import watch
from builder.model.installation import Installation, InstallPlan, Limits
from builder.monitor import Monitor
from builder.virt import domains
from builder.virt.connection import Connection
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen


class _Guest(msgspec.Struct, frozen=True):
    domain: domains.Domain

    def vital(self) -> object:
        return domains.activity(self.domain)

    def restart(self) -> None:
        domains.restart(self.domain)


def install(
    plan: InstallPlan, connection: Connection, *, limits: Limits, monitor: Monitor
) -> Installation:
    """Run the planned domain until the guest has said that it succeeded and powered off.

    A domain of that name that is there already is joined: what it wrote before is read from its
    logs. It is there at the end, too; whoever made the plan removes it.
    Raises InstallError or HangError, with logs and a screenshot in the plan's evidence folder.
    """
    began = time.monotonic()
    domain = domains.Domain(name=plan.domain.name, connection=connection)
    fresh = not domains.has_run(connection, domain.name)
    if fresh:
        _start(plan, domain)
    document = domains.live_xml(domain)
    heard = _run(plan, domain, limits=limits, monitor=monitor)
    return Installation(
        disk=plan.domain.disks[0].path,
        seconds=time.monotonic() - began,
        domain_xml=document,
        packages=tuple(sorted(heard.packages)),
        phases=heard.phases if fresh else {},
    )


def _start(plan: InstallPlan, domain: domains.Domain) -> None:
    domains.remove(domain)  # defined by a process that was killed before it could start it
    for log in plan.domain.logs.values():
        log.unlink(missing_ok=True)
    domains.start(domain.connection, domain_xml(plan.domain))


def _run(plan: InstallPlan, domain: domains.Domain, *, limits: Limits, monitor: Monitor) -> Heard:
    with listen(domain.connection, domain, logs=plan.domain.logs) as signals:
        domains.resume(domain)
        try:
            return watch(signals, plan, limits=limits, guest=_Guest(domain), monitor=monitor)
        except BuilderError:
            domains.screenshot(domain.connection, domain, plan.evidence / "screenshot")
            _keep_guest_log(plan.evidence)
            raise


def _keep_guest_log(evidence: Path) -> None:
    """Unpack the installer's log from the guest's reports, where there is one."""
    with suppress(OSError):  # evidence is a help, and must not hide the failure
        lines = (evidence / "result.log").read_text(errors="replace").splitlines()
        reports = [said for line in lines if (said := report.parse(line))]
        logs = [log for said in reports if (log := report.log_tail(said))]
        if logs:
            (evidence / "installer.log").write_text("\n".join(logs))
