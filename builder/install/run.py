"""Carry out an installation plan."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from builder import files
from builder.errors import BuilderError, HangError, HostError
from builder.install import report
from builder.install.film import Film
from builder.install.observer import Observed
from builder.install.progress import FIRMWARE
from builder.install.watch import GuestLostError, watch
from builder.model.installation import Installation, InstallPlan, Limits
from builder.model.screen import Screen
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.paths.reading import open_plain
from builder.virt import domains, follow, screens
from builder.virt.connection import Connection
from builder.virt.domain_xml import domain_xml
from builder.virt.latest import Latest
from builder.virt.listen import listen

_FRAME_SECONDS = 3.0
_STUCK = "The guest stands still, and libvirt does not answer when it is asked about it."
_UNSTUCK = "Is its hypervisor stopped, or its disk's server away? Else restart libvirtd."
_REFUSED = "`builder build NAME --dry-run` prints its XML."
_LARGEST = 16 << 20
"""Bytes of reports that are looked through for the installer's log."""


class _Guest:
    """A domain, and the film that is made of its screen. It waits for no answer of libvirt's."""

    def __init__(
        self,
        domain: domains.Domain,
        traces: Traces,
        monitor: Monitor,
        *,
        activity: Latest[int | None],
        screen: Latest[Screen | None],
    ) -> None:
        self._domain = domain
        self._monitor = monitor
        self._activity, self._screen = activity, screen
        self._film = Film(traces.folder / "screens")
        self._began = traces.began
        self._frames = 0

    def vital(self) -> object:
        """Return what a living guest changes: its counters and its screen."""
        self._keep(self._screen.value)
        return self._activity.value, self._frames

    def shoot_last(self) -> None:
        """Keep what the screen shows at the end."""
        self._keep(self._screen.next(), last=True)

    def _keep(self, screen: Screen | None, *, last: bool = False) -> None:
        """Keep a picture, if it is new."""
        if screen is None:
            return
        seconds = (datetime.now(UTC) - self._began).total_seconds()
        kept = self._film.show(screen, seconds=seconds, last=last)
        if kept is not None:
            self._frames += 1
            self._monitor.tell("screen", f"{kept.parent.name}/{kept.name}")

    def restart(self) -> None:
        """Start it again."""
        domains.boot(self._domain)


def install(
    plan: InstallPlan, connection: Connection, *, limits: Limits, monitor: Monitor
) -> Installation:
    """Run the planned domain until the guest has said that it succeeded and powered off.

    A domain of that name that is there already is joined: what it wrote before is read from its
    logs, and what the plan does not know as told is told, marked as replayed. It is there at the
    end, too; whoever made the plan removes it. One that the host takes away is started anew: once
    while its disk is untouched, and where it was joined.
    Raises InstallError, HangError or HostError. Logs and a film of the screen are in the plan's
    evidence folder.
    """
    began = time.monotonic()
    domain = domains.Domain(name=plan.domain.name, connection=connection)
    fresh = not domains.has_run(connection, domain.name)
    if fresh:
        plan = _start(plan, domain, monitor)
    else:
        domains.resume(domain)  # before anybody looks: a disk that was full may have room by now
    run = partial(_run, domain=domain, limits=limits, monitor=monitor)
    try:
        heard, document = run(plan)
    except GuestLostError as lost:
        if fresh and not lost.untouched:
            raise
        monitor.tell("warning", f"{lost.message} It is started once more.")
        heard, document = run(_start(plan, domain, monitor))
    return Installation(
        disk=plan.domain.disks[0].path,
        seconds=time.monotonic() - began,
        domain_xml=document,
        packages=tuple(sorted(heard.packages)),
        system=heard.system,
        phases=heard.phases,
    )


def _start(plan: InstallPlan, domain: domains.Domain, monitor: Monitor) -> InstallPlan:
    """Begin with a new guest, of which nothing was told; return the plan for that."""
    domains.remove(domain)  # defined by a process that was killed before it could start it
    follow.remove(plan.domain.logs.values())
    monitor.tell("phase", FIRMWARE)
    domains.start(domain.connection, domain_xml(plan.domain), hint=_REFUSED)
    return replace(plan, told=None)


def _run(
    plan: InstallPlan, *, domain: domains.Domain, limits: Limits, monitor: Monitor
) -> tuple[Observed, str]:
    """Return what was observed, and the domain's XML."""
    document = domains.live_xml(domain)
    with (
        listen(domain, logs=plan.domain.logs) as signals,
        Latest(domains.activity, domain) as activity,
        Latest(screens.grab, domain, pause=_FRAME_SECONDS) as screen,
    ):
        guest = _Guest(domain, plan.traces, monitor, activity=activity, screen=screen)
        domains.resume(domain)
        try:
            heard = watch(signals, plan, limits=limits, guest=guest, monitor=monitor)
        except BuilderError as error:
            guest.shoot_last()
            _keep_guest_log(plan.traces.folder)
            if isinstance(error, HangError) and (activity.stuck or screen.stuck):
                raise HostError(_STUCK, hint=_UNSTUCK, may_pass=True) from error
            raise
    return heard, document


def _keep_guest_log(evidence: Path) -> None:
    """Unpack the installer's log from the guest's reports, where there is one."""
    with suppress(OSError):  # evidence is a help, and must not hide the failure
        with open_plain(evidence / "result.log") as file:
            lines = file.read(_LARGEST).decode(errors="replace").splitlines()
        reports = [said for line in lines if (said := report.parse(line))]
        logs = [log for said in reports if (log := report.log_tail(said))]
        if logs:
            with files.replacing(evidence / "installer.log", mode=0o600, durable=False) as part:
                part.write_text("\n".join(logs), encoding="utf-8")
