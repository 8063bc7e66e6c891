"""Carry out an installation plan."""

import time
from contextlib import suppress
from pathlib import Path

from builder.errors import BuilderError
from builder.install import report
from builder.install.watch import Heard, watch
from builder.model.domain import ANACONDA_PORT, RESULT_PORT
from builder.model.installation import Deadlines, Installation, InstallPlan
from builder.monitor import Monitor
from builder.virt import domains
from builder.virt.connection import Connection
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen


def install(
    plan: InstallPlan,
    connection: Connection,
    *,
    deadlines: Deadlines,
    keep: bool = False,
    monitor: Monitor,
) -> Installation:
    """Run the planned domain until the guest has said that it succeeded and powered off.

    With `keep` a failed guest stays as it is. Raises InstallError or HangError, with logs and a
    screenshot in the plan's evidence folder.
    """
    began = time.monotonic()
    with domains.paused(connection, domain_xml(plan.domain), keep=keep) as domain:
        document = domains.live_xml(domain)
        heard = _run(plan, connection, domain, deadlines=deadlines, monitor=monitor)
    return Installation(
        disk=plan.domain.disks[0].path,
        seconds=time.monotonic() - began,
        domain_xml=document,
        packages=tuple(sorted(heard.packages)),
    )


def _run(
    plan: InstallPlan,
    connection: Connection,
    domain: domains.Domain,
    *,
    deadlines: Deadlines,
    monitor: Monitor,
) -> Heard:
    ports = (ANACONDA_PORT, RESULT_PORT)
    with listen(connection, domain, ports=ports) as signals:
        domains.resume(domain)
        try:
            return watch(
                signals,
                nonce=plan.nonce,
                deadlines=deadlines,
                vital=lambda: domains.activity(domain),
                monitor=monitor,
            )
        except BuilderError:
            domains.screenshot(connection, domain, plan.evidence / "screenshot")
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
