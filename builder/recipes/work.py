"""One build at work: what it is to do, where, and the names of what it makes on the host."""

from pathlib import Path

import msgspec

from builder.host.host import Host
from builder.model.build import BuildOrder
from builder.monitor import Monitor
from builder.record.journal import Journal


class How(msgspec.Struct, frozen=True, kw_only=True):
    """How a build is carried out, whatever it builds."""

    force: bool = False
    """Build even when nothing has changed."""
    keep: bool = False
    """Leave a failed guest, with its disk and medium, for a look inside."""
    events: Path | None = None
    """File to write what happens to, as JSON lines, beside the build's own."""


DEFAULT = How()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a build is to do; kept, so that another process can go on with it."""

    order: BuildOrder
    nonce: str
    how: How


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What every step of one build is given."""

    asked: Asked
    host: Host
    journal: Journal

    @property
    def monitor(self) -> Monitor:
        """The journal's."""
        return self.journal.monitor

    @property
    def order(self) -> BuildOrder:
        """What is wanted."""
        return self.asked.order

    @property
    def domain(self) -> str:
        """Name of the domain that installs."""
        return f"builder-{self.order.name}-{self.journal.build_id}"

    @property
    def disk(self) -> Path:
        """The volume that is installed to."""
        return self.host.store_pool.path / f"{self.journal.build_id}.qcow2"

    @property
    def candidate(self) -> Path:
        """The image before it is published."""
        return self.host.store_pool.path / f".{self.journal.build_id}.candidate"

    def medium(self, kind: str) -> Path:
        """Return the path of the medium: `kind` is "iso" or "qcow2"."""
        return self.host.iso_pool.path / f"{self.journal.build_id}.{kind}"
