"""The units of systemd, or the line of cron, that run a pipeline by themselves. Pure."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from builder.model.text import plain
from builder.pipeline import timer_sandbox
from builder.pipeline.timer_words import command, cron, literal, word

MARK = "X-Builder"
"""The section that says that a unit is ours: systemd passes over those whose names begin so."""
PREFIX = "builder-"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The same for both, whatever shell installed them."""
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_FIXED_DELAY = 247
"""The systemd that first had a delay which is the same every night."""


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline that runs by itself."""

    name: str
    """Of the units, without what is before and behind it."""
    title: str
    pipeline: str
    """A file, or one of ours by its name, which is then that of the version that is installed."""
    at: str
    """When: HH:MM, or what OnCalendar= takes."""
    delay: str = "15min"
    """At most so much later, so that many hosts do not ask one mirror at once."""
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    environment_file: Path | None = None
    """Of what nobody else may read."""
    writable: tuple[Path, ...] = ()
    """All folders that a run writes to."""
    on_failure: str = ""
    """A unit to start when a run fails, or could not even begin."""
    user: bool = False
    """Whether it is of the user's own manager."""
    guests_below: bool = False
    """Whether the run starts the hypervisor itself, as libvirt's session does."""
    rehearses: bool = False
    """Whether the run makes a rehearsal, which takes mounts and namespaces."""

    @property
    def unit(self) -> str:
        """The name of both units, without what is behind the dot."""
        return f"{PREFIX}{self.name}"


class Units(NamedTuple):
    """Texts of the two units."""

    service: str
    timer: str


def clock(at: str) -> tuple[int, int] | None:
    """Return hour and minute of HH:MM; None for anything else."""
    found = _CLOCK.fullmatch(at)
    return (int(found[1]), int(found[2])) if found else None


def calendar(at: str) -> str:
    """Return what OnCalendar= has for a time of the day, and anything else as it is."""
    found = clock(at)
    return f"*-*-* {found[0]:02}:{found[1]:02}:00" if found else at


def name_of(stem: str) -> str:
    """Return the name of a timer for a pipeline's file: letters that units' names may have."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.")[:100] or "pipeline"


def units(timer: Timer, *, systemd: int) -> Units:
    """Return the units of a timer, in the words that this version of systemd knows."""
    return Units(
        service="\n".join(_service(timer, systemd)) + "\n",
        timer="\n".join(_timer(timer, systemd)) + "\n",
    )


def _service(timer: Timer, systemd: int) -> Iterator[str]:
    yield from _head(timer, "run of a pipeline")
    if not timer.user:  # a user's manager does not see the system's units
        yield "Wants=network-online.target"
        yield "After=network-online.target libvirtd.socket virtqemud.socket libvirtd.service"
    if timer.writable:
        yield f"RequiresMountsFor={_paths(timer)}"
    if timer.on_failure:
        yield f"OnFailure={timer.on_failure}"
    yield from ("", "[Service]", "Type=oneshot", f"ExecStart={command(timer.command)}")
    # No folder of the user's: what lies in it (builder.toml, artifacts) would count.
    yield "WorkingDirectory=/"
    for name, value in sorted(timer.environment.items()):
        yield f"Environment={word(f'{name}={value}')}"
    if timer.environment_file:
        yield f"EnvironmentFile={literal(str(timer.environment_file))}"
    yield from _ending(timer)
    yield from ("", "# The host's own work comes first.")
    yield from ("CPUWeight=50", "IOWeight=50")
    yield from timer_sandbox.settings(
        systemd=systemd,
        user=timer.user,
        guests_below=timer.guests_below,
        rehearses=timer.rehearses,
        writable=_paths(timer),
    )


def _ending(timer: Timer) -> Iterator[str]:
    yield ""
    yield "# Exit code 10 means that some builds failed: so has the run. SIGINT has it clear up."
    yield "KillSignal=SIGINT"
    yield "TimeoutStopSec=5min"
    if timer.guests_below:
        yield "# The session's libvirt was started below us, and has other guests as well."
        yield "KillMode=process"
    else:
        yield "KillMode=mixed"


def _timer(timer: Timer, systemd: int) -> Iterator[str]:
    yield from _head(timer, "time of a pipeline's run")
    yield from ("", "[Timer]", f"OnCalendar={calendar(timer.at)}")
    yield f"RandomizedDelaySec={timer.delay}"
    if systemd >= _FIXED_DELAY:
        yield "FixedRandomDelay=yes"
    yield "# A night in which the host was off is made up for."
    yield from ("Persistent=yes", "", "[Install]", "WantedBy=timers.target")


def _head(timer: Timer, what: str) -> Iterator[str]:
    yield f"# The {what}, by `builder pipeline install-timer`; `builder timer remove` removes it."
    edit = "systemctl --user edit" if timer.user else "systemctl edit"
    yield f"# Changes of your own go beside it, by {edit}."
    yield from (f"[{MARK}]", f"Pipeline={literal(timer.pipeline)}", "", "[Unit]")
    yield f"Description=builder: {literal(plain(timer.title).replace(chr(92), '/'))}"


def _paths(timer: Timer) -> str:
    return " ".join(word(str(path)) for path in timer.writable)


def cron_file(timer: Timer) -> str:
    """Return the crontab of a timer at a time of the day: for /etc/cron.d, or `crontab -e`."""
    hour, minute = clock(timer.at) or (0, 0)
    environment = {"PATH": PATH} | timer.environment
    pairs = [f"{name}={value}" for name, value in sorted(environment.items())]
    secret = timer.environment_file
    before = f"set -a && {cron(['.', str(secret)])} && set +a && " if secret else ""
    who = "" if timer.user else "root "
    return (
        f"# {timer.unit}: MAILTO=… above this line says to whom cron mails what it prints.\n"
        f"{minute} {hour} * * * {who}cd / && {before}"
        f"exec {cron(['nice', 'env', *pairs, *timer.command])}\n"
    )
