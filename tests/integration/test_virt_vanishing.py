"""libvirtd killed at every call that we make of it, and started again: nothing is lost by it."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import libvirt
import pytest
from tiny_guests import HALT, guest, open_folder, write_disk

from builder.errors import HostError
from builder.model.installation import Ended, Output
from builder.virt import capabilities, connection, domains, pools, screens, volumes
from builder.virt.connection import Connection, connect, twin
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen
from tests.lone_libvirtd import LoneLibvirtd, lone_libvirtd
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gets a libvirtd of its own")

NAME = f"vanishing-{os.getpid()}"  # QEMU's folders are shared by all libvirtds
RUNS = [libvirt.VIR_DOMAIN_RUNNING]
TAKEN = [Ended(reason="failed"), Ended(reason="given up")]


@pytest.fixture(scope="module")
def libvirtd() -> Iterator[LoneLibvirtd]:
    with open_folder() as folder, lone_libvirtd(folder) as found:
        yield found


class Place:
    """One guest, one pool, and what is done to them."""

    def __init__(self, line: Connection, folder: Path) -> None:
        self.line = line
        self.folder = folder
        disk = write_disk(folder / "disk", "here", HALT)
        self.guest = guest(NAME, disk, logs=folder)
        self.document = domain_xml(self.guest)
        self.domain = domains.Domain(name=NAME, connection=line)

    @property
    def state(self) -> list[int]:
        """Of the guest, where there is one."""
        known = self.line.handle.listAllDomains()
        return [each.state()[0] for each in known if each.name() == NAME]

    @property
    def files(self) -> list[str]:
        """In the pool."""
        return sorted(path.name for path in (self.folder / "pool").glob("*"))

    def ensure(self) -> None:
        (self.folder / "pool").mkdir(exist_ok=True)
        pools.ensure(self.line, NAME, path=self.folder / "pool")

    def create(self) -> None:
        volumes.create(self.line, NAME, "a.qcow2", capacity=2**20)

    def delete(self) -> None:
        volumes.delete(self.line, NAME, "a.qcow2")


@pytest.fixture
def place(libvirtd: LoneLibvirtd) -> Iterator[Place]:
    with open_folder() as folder, connect(libvirtd.uri) as line:
        made = Place(line, folder)
        yield made
        domains.remove(made.domain)
        if pools.exists(line, NAME):
            pools.remove(line, NAME)


def begin(place: Place) -> None:
    domains.start(place.line, place.document)


def run(place: Place) -> None:
    begin(place)
    domains.resume(place.domain)


def define(place: Place) -> None:
    domains.define(place.line, place.document)


def store(place: Place) -> None:
    place.ensure()
    place.create()


class Row(NamedTuple):
    """A call of libvirt's that is hit."""

    method: str
    ask: Callable[[Place], object]
    """What makes it."""
    comes_to: object
    """The guest's state, or the pool's files."""
    before: Callable[[Place], object] = str
    """What makes what there is before."""


ROWS = [
    Row("virConnect.defineXMLFlags", define, [libvirt.VIR_DOMAIN_SHUTOFF]),
    Row("virDomain.createWithFlags", begin, [libvirt.VIR_DOMAIN_PAUSED]),
    Row("virDomain.createWithFlags", lambda place: domains.boot(place.domain), RUNS, define),
    Row("virDomain.resume", lambda place: domains.resume(place.domain), RUNS, begin),
    Row("virDomain.state", lambda place: domains.resume(place.domain), RUNS, begin),
    Row("virDomain.XMLDesc", lambda place: domains.live_xml(place.domain), RUNS, run),
    Row("virDomain.destroy", lambda place: domains.remove(place.domain), [], run),
    Row("virDomain.undefineFlags", lambda place: domains.remove(place.domain), [], run),
    Row("virConnect.listAllDomains", lambda place: domains.names(place.line), RUNS, run),
    Row("virConnect.getLibVersion", lambda place: capabilities.version(place.line), RUNS, run),
    Row("virConnect.storagePoolDefineXML", Place.ensure, []),
    Row("virStoragePool.create", Place.ensure, []),
    Row("virStoragePool.setAutostart", Place.ensure, []),
    Row("virStoragePool.refresh", Place.ensure, [], Place.ensure),
    Row("virStoragePool.createXML", Place.create, ["a.qcow2"], Place.ensure),
    Row("virStorageVol.delete", Place.delete, [], store),
    Row("virStoragePool.destroy", lambda place: pools.remove(place.line, NAME), ["a.qcow2"], store),
    Row(
        "virStoragePool.undefine", lambda place: pools.remove(place.line, NAME), ["a.qcow2"], store
    ),
]


class Hit:
    """Kills libvirtd at the first call of a method, which then finds nobody, or loses its answer.

    libvirtd comes back after a moment.
    """

    def __init__(self, libvirtd: LoneLibvirtd, original: Callable[..., Any], moment: str) -> None:
        self.missed = True
        self._libvirtd, self._original, self._moment = libvirtd, original, moment

    def __call__(self, this: Any, *arguments: Any) -> Any:  # noqa: ANN401  # libvirt's
        if not self.missed:
            return self._original(this, *arguments)
        self.missed = False
        if self._moment == "after":
            self._original(this, *arguments)
        self._libvirtd.end()
        threading.Timer(0.3, self._libvirtd.start).start()
        line = this if isinstance(this, libvirt.virConnect) else this.connect()
        line.listAllInterfaces()  # which loses its connection as the call itself would
        pytest.fail("it must not get here")


@pytest.fixture
def hit(libvirtd: LoneLibvirtd, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Hit]:
    def aim(method: str, moment: str) -> Hit:
        kind, _, name = method.partition(".")
        made = Hit(libvirtd, getattr(getattr(libvirt, kind), name), moment)

        def method_of(*given: Any) -> Any:  # noqa: ANN401  # an object would not be bound
            return made(*given)

        monkeypatch.setattr(getattr(libvirt, kind), name, method_of)
        return made

    return aim


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.method)
def test_what_is_asked_for_is_so(
    place: Place, hit: Callable[[str, str], Hit], row: Row, moment: str
) -> None:
    row.before(place)
    aimed = hit(row.method, moment)
    row.ask(place)
    assert not aimed.missed
    assert (place.state or place.files) == row.comes_to


@pytest.mark.parametrize(
    "method", ["registerCloseCallback", "domainEventRegisterAny", "unregisterCloseCallback"]
)
def test_a_listener_hears_the_end(
    place: Place, hit: Callable[[str, str], Hit], method: str
) -> None:
    domain = domains.start(place.line, place.document)
    hit(f"virConnect.{method}", "before")
    with listen(domain, logs=place.guest.logs) as signals:
        domains.resume(domain)
        while not isinstance(heard := signals.get(timeout=PATIENCE), Output):
            assert not isinstance(heard, Ended)
        domains.remove(domain)
        while not isinstance(heard, Ended):
            heard = signals.get(timeout=PATIENCE)
    assert heard.reason == "destroyed"


@pytest.mark.parametrize("joined", [False, True])
def test_a_guest_that_the_host_takes_away_meanwhile(
    place: Place, libvirtd: LoneLibvirtd, joined: bool
) -> None:
    """libvirt calls it crashed, or ended by itself, but it is no fault of the guest's."""
    run(place)
    with listen(place.domain, logs={}) as signals:
        libvirtd.end()
        libvirtd.kill_guest(NAME)
        libvirtd.start()
        if not joined:
            assert signals.get(timeout=PATIENCE) in TAKEN
    with listen(place.domain, logs={}) as signals:
        assert signals.get(timeout=PATIENCE) in TAKEN


@pytest.mark.parametrize("undefined", [False, True])
def test_a_guest_that_libvirtd_gives_up_without_a_word(
    place: Place, libvirtd: LoneLibvirtd, undefined: bool
) -> None:
    """It calls the guest running until it has found the way back to it, or has not."""
    run(place)
    if undefined:
        place.domain.handle.undefineFlags(0)
    libvirtd.end()
    libvirtd.stop_guest(NAME)
    libvirtd.start()
    with listen(place.domain, logs={}) as signals:
        assert place.state == RUNS
        libvirtd.kill_guest(NAME)
        assert signals.get(timeout=PATIENCE) in TAKEN


def nobody_answers(_uri: str) -> None:
    raise libvirt.libvirtError("away")


def count_calls(monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> list[object]:
    original, calls = getattr(kind, method), []

    def count(this: object, *given: object) -> object:
        calls.append(this)
        return original(this, *given)

    monkeypatch.setattr(kind, method, count)
    return calls


def test_the_end_after_a_start_that_nobody_told_of(
    place: Place, libvirtd: LoneLibvirtd, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(place)
    with listen(place.domain, logs={}) as signals:
        place.domain.handle.destroy()
        assert signals.get(timeout=PATIENCE) == Ended(reason="destroyed")
        with monkeypatch.context() as away:
            away.setattr(libvirt, "open", nobody_answers)
            libvirtd.end()
            libvirtd.start()
            subprocess.run(["virsh", "-q", "-c", libvirtd.uri, "start", NAME], check=True)
        asked = count_calls(monkeypatch, libvirt.virDomain, "state")
        wait_until(lambda: len(asked) > 2)  # a look to subscribe, one at what is, and the next
        place.domain.handle.destroy()
        assert signals.get(timeout=PATIENCE) == Ended(reason="destroyed")


def test_a_guest_that_nobody_knows_any_more(place: Place, libvirtd: LoneLibvirtd) -> None:
    run(place)
    with listen(place.domain, logs={}) as signals:
        place.domain.handle.undefineFlags(0)
        libvirtd.end()
        libvirtd.kill_guest(NAME)
        libvirtd.start()
        assert signals.get(timeout=PATIENCE) in TAKEN


def test_nobody_waits_to_hear_no_more(place: Place, libvirtd: LoneLibvirtd) -> None:
    run(place)
    with listen(place.domain, logs={}):
        libvirtd.end()
    assert not libvirtd.answers
    libvirtd.start()


def test_while_the_guest_is_being_started(place: Place, libvirtd: LoneLibvirtd) -> None:
    """Where exactly it is hit, chance decides; what comes of it must be the same."""
    for delay in (0.05, 0.15, 0.3, 0.6):
        killer = threading.Timer(delay, libvirtd.end)
        killer.start()
        starter = threading.Timer(delay + 0.5, libvirtd.start)
        starter.start()
        run(place)
        starter.join()
        wait_until(lambda: libvirtd.answers)
        assert place.state == RUNS
        domains.remove(place.domain)


def test_another_connection_is_waited_for(place: Place, libvirtd: LoneLibvirtd) -> None:
    libvirtd.end()
    threading.Timer(1, libvirtd.start).start()
    with twin(place.line) as other:
        assert NAME not in domains.names(other)


def test_a_libvirtd_that_stays_away(
    place: Place, libvirtd: LoneLibvirtd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_PATIENCE_SECONDS", 0.5)
    run(place)
    libvirtd.end()
    for _ in "ab":
        with pytest.raises(HostError, match=r"connection to libvirt at .* was lost"):
            domains.remove(place.domain)
    assert screens.grab(place.domain) is None
    libvirtd.start()
    wait_until(lambda: libvirtd.answers)
    domains.remove(place.domain)
    assert place.state == []
