"""One build at work: what it is to do, where, the names of what it makes, and its steps."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Concatenate, Generic, ParamSpec, Self, TypeVar, get_type_hints

import msgspec

from builder.attest.keys import PrivateKey
from builder.errors import HostError
from builder.host.host import Host
from builder.model.build import BuildOrder, Rebuild
from builder.model.domain import Machine
from builder.model.traces import Traces
from builder.monitor import Monitor
from builder.record.checkpoint import Checkpoint, foreign
from builder.record.journal import Journal

_TICKET = "ticket"
P = ParamSpec("P")
T = TypeVar("T")


class BuildOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a build is carried out, whatever it builds."""

    force: bool = False
    """Build even when nothing has changed."""
    rebuild: Rebuild = "relevant"
    max_age_days: int = 0
    """A template older than that is built again whatever has changed; 0 means never."""
    keep: bool = False
    """Leave a failed guest, with its disk and medium, for a look inside."""
    events: Path | None = None
    """File to write what happens to, as JSON lines, beside the build's own."""
    sign: Path | None = None
    """Private key to sign the template with."""
    pipeline: str = ""
    """The pipeline whose run began it: a later run goes on with it, or clears it."""


DEFAULT = BuildOptions()


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a build is to do; kept, so that another process can go on with it."""

    order: BuildOrder
    nonce: str
    """What its guest reports, and no other build's."""
    options: BuildOptions

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep it until the build has ended. Raises HostError when it cannot be written."""
        checkpoint.keep({_TICKET: self})

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """Return what was kept. Raises HostError where that is nothing, or another version's."""
        if found := checkpoint.get(_TICKET, cls):
            return found
        if checkpoint:
            raise foreign()
        raise HostError(
            "The build was killed before it had begun.",
            hint="Start it again; `builder gc` clears this one.",
        )


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a build makes on its host, by name."""

    template: str
    traces: Traces
    iso_pool: Path
    store_pool: Path

    @property
    def domain(self) -> str:
        """The domain that installs."""
        return self.traces.domain(self.template)

    @property
    def disk(self) -> Path:
        """The volume that is installed to."""
        return self.traces.file(self.store_pool, ".qcow2")

    @property
    def candidate(self) -> Path:
        """The image before it is published."""
        return self.traces.hidden(self.store_pool, ".candidate")

    @property
    def key_iso(self) -> Path:
        """The medium with the key that a clone lets in."""
        return self.traces.hidden(self.store_pool, ".key.iso")

    @property
    def overlay(self) -> Path:
        """The medium, where it is an overlay on the staged ISO."""
        return self.traces.file(self.iso_pool, ".qcow2")

    @property
    def iso(self) -> Path:
        """The medium, where it is an ISO of its own."""
        return self.traces.file(self.iso_pool, ".iso")


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What every step of one build is given."""

    ticket: Ticket
    host: Host
    journal: Journal
    machine: Machine
    """The hardware of its guests."""
    key: PrivateKey | None
    """What the template is signed with."""

    @property
    def monitor(self) -> Monitor:
        """The journal's."""
        return self.journal.monitor

    @property
    def order(self) -> BuildOrder:
        """What is wanted."""
        return self.ticket.order

    @property
    def names(self) -> Names:
        """What it makes on the host."""
        return Names(
            template=self.order.name,
            traces=self.journal.traces,
            iso_pool=self.host.iso_pool.path,
            store_pool=self.host.store_pool.path,
        )


class Step(Generic[P, T]):
    """A function as a step of a build: announced by its title, kept under its name, done once."""

    def __init__(
        self, function: Callable[Concatenate[Work, P], T], title: str, detail: str
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.kind: type[T] = get_type_hints(function)["return"]
        self._title, self._detail = title, detail

    def __call__(self, work: Work, /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do it, or return what it came to in the process that has done it."""
        do = partial(self.function, work, *args, **kwargs)
        return work.journal.step(self.name, self.title(work.order), self.kind, do)

    def result(self, checkpoint: Checkpoint) -> T | None:
        """Return what it came to in a build; None before it is finished. Raises HostError."""
        return checkpoint.get(self.name, self.kind)

    def title(self, order: BuildOrder) -> str:
        """Return what is announced: a present participle."""
        return self._title.format(order=order)

    def plan(self, order: BuildOrder, *, names: Names, machine: Machine) -> str:
        """Return what it would do in a build of the order, with the values that are known."""
        detail = self._detail.format(order=order, names=names, machine=machine)
        return f"{self.title(order)}: {detail}"


def step(title: str, detail: str) -> Callable[[Callable[Concatenate[Work, P], T]], Step[P, T]]:
    """Make a function a step; both texts are formats of the order, `detail` also of names, machine.

    What the function returns is kept as JSON until the build has ended.
    """

    def decorate(function: Callable[Concatenate[Work, P], T]) -> Step[P, T]:
        return Step(function, title, detail)

    return decorate
