"""An installation: its plan, what is heard of it, its outcome."""

from pathlib import Path

import msgspec

from builder.model.domain import DomainSpec
from builder.model.media import InstallMedia
from builder.model.package import Package, System
from builder.model.traces import Traces


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier processes have told of an installation that is joined."""

    phases: dict[str, float | None] = {}
    """In their order, and how many seconds ago each began; None where nobody knows."""
    package: str = ""
    """The newest, the `done`-th of `total`."""
    done: int = 0
    total: int = 0


class InstallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that running an installation needs."""

    domain: DomainSpec
    nonce: str
    """What the guest must say through the result port for the installation to be a success."""
    media: InstallMedia | None = None
    """What it installs from."""
    traces: Traces
    """Its folder is for logs and pictures of the screen."""
    told: Told | None = None
    """What is known of it where it is joined; None where it is watched from its beginning."""


class PhaseLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long one phase may take."""

    phase_seconds: float = float("inf")
    idle_seconds: float


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """How long an installation may take."""

    total_seconds: float
    """An installation that takes longer is a failure."""
    idle_seconds: float
    """One that shows no sign of life for so long is a failure as well."""
    phases: dict[str, PhaseLimits] = {}
    """Phases that have limits of their own, by name."""

    def of(self, phase: str) -> PhaseLimits:
        """Return what holds in a phase."""
        return self.phases.get(phase) or PhaseLimits(idle_seconds=self.idle_seconds)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long an installation may take, and how long an earlier one took."""

    deadlines: Deadlines
    expected: dict[str, float] = {}
    """Seconds of each phase in the last installation of the same template; empty for a first."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that the guest wrote to its console ("console") or to a virtio port (its name)."""

    source: str
    data: bytes
    replayed: bool = False
    """Whether it was written before anybody listened."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The domain stopped."""

    reason: str
    """"shutdown" or "rebooted" by the guest, "destroyed" from outside, "crashed", "failed",
    or "given up" by a libvirtd that came back."""


class HostTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """The host failed under the guest: libvirt went away, or a disk took no more data."""

    sentence: str
    hint: str
    may_pass: bool = False
    """As a BuilderError has it: libvirt may come back, a full disk stays full."""


Signal = Output | Ended | HostTrouble


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """A successful installation."""

    disk: Path
    seconds: float
    domain_xml: str
    packages: tuple[Package, ...]
    system: System | None = None
    """What was installed, in its own words."""
    phases: dict[str, float] = {}
    """Seconds that each phase took; one whose beginning or end nobody saw is not there."""
