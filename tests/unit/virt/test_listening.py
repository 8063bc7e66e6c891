"""What is made of states and events: a libvirt of stand-ins says one after the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import libvirt
import libvirt_qemu
import pytest

from builder.model.installation import Ended, Signal
from builder.virt import listen as listening
from builder.virt.connection import Connection
from builder.virt.domains import Domain
from builder.virt.listen import listen

RUNS = (libvirt.VIR_DOMAIN_RUNNING, 1)
PAUSED = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
OFF = (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN)
KILLED = (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED)
FULL = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR)
GONE = None
STARTED = ("event", libvirt.VIR_DOMAIN_EVENT_STARTED, 0)
STOPPED = (
    "event",
    libvirt.VIR_DOMAIN_EVENT_STOPPED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED,
)
RESET = ("reset",)
PATIENCE = 600.0


class Guest:
    """A domain, and the connection that it is found by: it has the state that it is told to."""

    def __init__(self) -> None:
        self._states: SimpleQueue[tuple[int, int] | None] = SimpleQueue()
        self._asked: SimpleQueue[None] = SimpleQueue()
        self.changed: Any = None
        self.stopped: Any = None

    def state(self) -> tuple[int, int]:
        """Wait until the test says what the look sees."""
        self._asked.put(None)
        found = self._states.get()
        if found is None:
            error = libvirt.libvirtError("gone")
            error.err = (libvirt.VIR_ERR_NO_DOMAIN, 0, "gone", 0, "", "", "", 0, 0)
            raise error
        return found

    def looks(self, state: tuple[int, int] | None) -> None:
        """Let a look see that, and wait until it is over: the next one has begun."""
        self._states.put(state)
        self._asked.get(timeout=PATIENCE)

    def end(self) -> None:
        """Answer whatever is still asked."""
        self._states.put(RUNS)

    def begin(self) -> None:
        """Answer the first two looks, before the block begins, and wait for the third."""
        for _ in range(2):
            self._states.put(RUNS)

    def wait(self) -> None:
        for _ in range(3):
            self._asked.get(timeout=PATIENCE)

    def domainEventRegisterAny(self, _domain: object, event: int, call: Any, _: None) -> int:  # noqa: ANN401  # libvirt's
        if event == libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE:
            self.changed = call
        return 0


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Guest:
    made = Guest()
    nothing = dict.fromkeys(
        ("registerCloseCallback", "unregisterCloseCallback", "domainEventDeregisterAny"),
        lambda *_: None,
    )
    errors = {"vda": libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE}
    vars(made).update(nothing, lookupByName=lambda _name: made, diskErrors=lambda: errors)

    @contextmanager
    def twin(_connection: Connection) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(handle=made)

    def register(_handle: object, _domain: object, _event: str, call: Any, _: None) -> int:  # noqa: ANN401  # libvirt's
        made.stopped = call
        return 0

    @contextmanager
    def follow(_logs: object, signals: SimpleQueue[Signal]) -> Iterator[Callable[[Signal], None]]:
        yield signals.put

    monkeypatch.setattr(listening, "twin", twin)
    monkeypatch.setattr(listening, "follow", follow)
    monkeypatch.setattr(listening, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(libvirt_qemu, "qemuMonitorEventRegister", register)
    monkeypatch.setattr(libvirt_qemu, "qemuMonitorEventDeregister", lambda *_: None)
    return made


def _told(signals: SimpleQueue[Any]) -> list[str]:
    found = [signals.get_nowait() for _ in range(signals.qsize())]
    return [each.reason if isinstance(each, Ended) else each.sentence for each in found]


@pytest.mark.parametrize(
    ("happens", "ends"),
    [
        ([RUNS, RUNS, PAUSED, PAUSED], []),
        ([OFF, RUNS, OFF, RUNS], []),  # an event of it is on its way
        ([OFF, OFF, OFF], ["shutdown"]),
        ([KILLED, KILLED], ["destroyed"]),
        ([GONE, GONE], ["failed"]),
        ([OFF, STOPPED, OFF, OFF], ["destroyed"]),  # the event says more
        ([STOPPED, STOPPED, OFF], ["destroyed"]),
        ([STOPPED, STARTED, STOPPED], ["destroyed", "destroyed"]),
        ([STOPPED, RUNS, STOPPED], ["destroyed"]),  # that look had begun before its end
        ([STOPPED, RUNS, RUNS, STOPPED], ["destroyed", "destroyed"]),  # nobody told of its start
        ([STOPPED, PAUSED, PAUSED, STOPPED], ["destroyed", "destroyed"]),
        ([STOPPED, RUNS, RUNS, STARTED, STOPPED], ["destroyed", "destroyed"]),
        ([STOPPED, RUNS, STARTED, STOPPED, RUNS, STOPPED], ["destroyed", "destroyed"]),
        ([OFF, STARTED, OFF, RUNS], []),  # those were two runs
        (
            [FULL, FULL, FULL, FULL],
            ["The host's disk is full: the guest could not write to its disk vda."],
        ),
        ([RESET, STOPPED, STARTED, STOPPED], ["rebooted", "destroyed"]),
        ([RESET, STOPPED, RUNS, RUNS, STOPPED], ["rebooted", "destroyed"]),
    ],
)
def test_ends(guest: Guest, happens: list[Any], ends: list[str]) -> None:
    guest.begin()
    domain = Domain(name="guest", connection=Connection("nosuch:///"))
    with listen(domain, logs={}) as signals:
        guest.wait()
        for each in happens:
            if each == RESET:
                guest.stopped(None, None, None, None, None, '{"reason":"guest-reset"}', None)
            elif each and each[0] == "event":
                guest.changed(None, None, each[1], each[2], None)
            else:
                guest.looks(each)
        assert _told(signals) == ends
        guest.end()
