"""What is asked for and has become so meanwhile is a success: somebody else was quicker."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import libvirt
import pytest

from builder.errors import HostError
from builder.virt import connection, domains, pools, volumes
from builder.virt.connection import Connection, LockedError, LostError, persistent
from tests.hosts import new_host

DOCUMENT = (
    "<domain type='test'><name>x</name><memory>1024</memory><os><type>hvm</type></os></domain>"
)
OFF, RUNS, PAUSED = (
    [libvirt.VIR_DOMAIN_SHUTOFF],
    [libvirt.VIR_DOMAIN_RUNNING],
    [libvirt.VIR_DOMAIN_PAUSED],
)


class Place:
    """A domain and a pool of libvirt's in-process test driver."""

    def __init__(self, line: Connection, folder: Path) -> None:
        self.line, self.folder = line, folder
        self.domain = domains.Domain(name="x", connection=line)

    def state(self) -> list[int]:
        return [each.state()[0] for each in self.line.handle.listAllDomains() if each.name() == "x"]

    def pool(self) -> list[bool]:
        known = self.line.handle.listAllStoragePools()
        return [bool(each.isActive()) for each in known if each.name() == "p"]

    def define(self) -> None:
        domains.define(self.line, DOCUMENT)

    def boot(self) -> None:
        domains.boot(self.domain)

    def run(self) -> None:
        self.define()
        self.boot()

    def resume(self) -> None:
        domains.resume(self.domain)

    def pause(self) -> None:
        self.run()
        self.domain.handle.suspend()

    def ensure(self) -> None:
        pools.ensure(self.line, "p", path=self.folder)

    def create(self) -> None:
        self.ensure()
        volumes.create(self.line, "p", "v", capacity=1)

    def delete(self) -> None:
        volumes.delete(self.line, "p", "v")

    def volumes(self) -> list[str]:
        return [each.name for each in volumes.all_volumes(self.line, "p")]


class Row(NamedTuple):
    """Something that is asked for."""

    method: str
    """Of libvirt's, which somebody else calls in between."""
    ask: Callable[[Place], object]
    seen: Callable[[Place], object]
    comes_to: object
    before: Callable[[Place], object] = str
    """What makes what there is before."""


def remove(place: Place) -> None:
    domains.remove(place.domain)


def forget(place: Place) -> None:
    pools.remove(place.line, "p")


ROWS = [
    Row("virConnect.defineXMLFlags", Place.define, Place.state, OFF),
    Row("virDomain.createWithFlags", Place.boot, Place.state, RUNS, Place.define),
    Row("virDomain.resume", Place.resume, Place.state, RUNS, Place.pause),
    Row("virDomain.destroy", remove, Place.state, [], Place.run),
    Row("virDomain.undefineFlags", remove, Place.state, [], Place.run),
    Row("virConnect.storagePoolDefineXML", Place.ensure, Place.pool, [True]),
    Row("virStoragePool.create", Place.ensure, Place.pool, [True]),
    Row("virStoragePool.setAutostart", Place.ensure, Place.pool, [True]),
    Row("virStoragePool.destroy", forget, Place.pool, [], Place.ensure),
    Row("virStoragePool.undefine", forget, Place.pool, [], Place.ensure),
    Row("virStorageVol.delete", Place.delete, Place.volumes, [], Place.create),
]


Replace = Callable[[str, Callable[..., Any]], None]


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Return what puts a function, which is given the original, in the place of a method."""

    def put(method: str, function: Callable[..., Any]) -> None:
        kind, _, name = method.partition(".")
        original = getattr(getattr(libvirt, kind), name)
        monkeypatch.setattr(getattr(libvirt, kind), name, lambda *given: function(original, *given))

    return put


@pytest.fixture
def place(tmp_path: Path, replace: Replace) -> Iterator[Place]:
    # The driver has no firmware, and refuses to remove its variables.
    replace("virDomain.undefineFlags", lambda original, domain, _flags: original(domain))
    with new_host() as line:
        yield Place(line, tmp_path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.method)
def test_somebody_else_is_quicker(place: Place, replace: Replace, row: Row) -> None:
    calls = []

    def twice(original: Callable[..., Any], *given: object) -> object:
        calls.append(original(*given))
        return original(*given)

    row.before(place)
    replace(row.method, twice)
    row.ask(place)
    assert len(calls) == 1
    assert row.seen(place) == row.comes_to


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.method)
def test_what_is_refused_and_not_so_is_told(place: Place, replace: Replace, row: Row) -> None:
    row.before(place)
    replace(row.method, lambda *_given: refuse("It is not to be."))
    with pytest.raises(HostError, match=r"It is not to be\."):
        row.ask(place)


def refuse(sentence: str) -> NoReturn:
    libvirt.virResetLastError()
    raise libvirt.libvirtError(sentence)


@pytest.mark.parametrize("name", ["", "nosuch", "V", "*"])
def test_what_is_not_there_is_not_deleted_nor_is_anything_else(place: Place, name: str) -> None:
    place.create()
    with pytest.raises(HostError, match="There is no volume"):
        volumes.delete(place.line, "p", name)
    assert place.volumes() == ["v"]


def test_a_name_that_is_taken_is_refused(place: Place) -> None:
    place.define()
    with pytest.raises(HostError, match="already exists"):
        place.define()
    domains.define(place.line, domains.live_xml(place.domain))  # which has its uuid


def test_a_port_that_somebody_took_is_chosen_anew(place: Place, replace: Replace) -> None:
    refusals = ["Failed to find an available port: Address already in use"] * 2

    def taken(original: Callable[..., Any], *given: object) -> object:
        if refusals:
            refuse(refusals.pop())
        return original(*given)

    place.define()
    replace("virDomain.createWithFlags", taken)
    place.boot()
    assert (refusals, place.state()) == ([], RUNS)


NO_START = (
    libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN,
    libvirt.VIR_DOMAIN_SHUTOFF_FAILED,
)
STARTING = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_STARTING_UP)


@pytest.mark.parametrize(
    ("states", "ran"),
    [
        *(([(libvirt.VIR_DOMAIN_SHUTOFF, reason)], False) for reason in NO_START),
        ([(libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN)], True),
        ([(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)], True),
        ([STARTING, STARTING, (libvirt.VIR_DOMAIN_RUNNING, 1)], True),
        ([STARTING, (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DAEMON)], True),
    ],
)
def test_whether_a_guest_has_run(
    place: Place,
    replace: Replace,
    monkeypatch: pytest.MonkeyPatch,
    states: list[tuple[int, int]],
    ran: bool,
) -> None:
    place.define()
    replace("virDomain.state", lambda *_given: list(states.pop(0)))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    assert domains.has_run(place.line, "x") is ran
    assert states == []
    assert not domains.has_run(place.line, "nosuch")


@pytest.mark.parametrize("kind", [LostError, LockedError])
@pytest.mark.parametrize(("losses", "asked"), [(0, 1), (2, 3), (99, 6)])
def test_what_the_connection_cut_off_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, kind: type[HostError], losses: int, asked: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    calls: list[int] = []

    @persistent
    def ask() -> None:
        calls.append(1)
        if len(calls) <= losses:
            raise kind("It went away.")

    with pytest.raises(kind) if asked <= losses else nullcontext():
        ask()
    assert len(calls) == asked


@pytest.mark.parametrize(("refusals", "gone"), [(2, True), (99, False)])
def test_a_domain_that_is_locked_is_tried_again(
    place: Place, replace: Replace, monkeypatch: pytest.MonkeyPatch, refusals: int, *, gone: bool
) -> None:
    """As by a libvirtd that has come back, until it has the monitor of its hypervisor."""
    calls: list[int] = []

    def locked(original: Callable[..., Any], *given: object) -> object:
        calls.append(1)
        return original(*given) if len(calls) > refusals else refuse_by(_LOCK)

    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    place.run()
    replace("virDomain.destroy", locked)
    with nullcontext() if gone else pytest.raises(LockedError, match="state change") as caught:
        domains.remove(place.domain)
    assert place.state() == ([] if gone else RUNS)
    assert caught is None or "does not answer libvirt" in caught.value.hint


_LOCK = "cannot acquire state change lock (held by monitor=init-x)"


def refuse_by(sentence: str) -> NoReturn:
    error = libvirt.libvirtError(sentence)
    error.err = (libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_FROM_QEMU, sentence, 2, *" " * 5)
    raise error


class Dead:
    """What is left of a connection."""

    def isAlive(self) -> int:  # libvirt's name
        return 0


@pytest.mark.parametrize(("patience", "tries"), [(60, 3), (-1, 1)])
def test_a_connection_is_made_again_as_long_as_libvirtd_may_come_back(
    place: Place, monkeypatch: pytest.MonkeyPatch, patience: float, tries: int
) -> None:
    opened: list[str] = []
    original = libvirt.open

    def open_(uri: str) -> libvirt.virConnect:
        opened.append(uri)
        return original(uri) if len(opened) > 2 else refuse("nobody")

    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(connection, "_PATIENCE_SECONDS", patience)
    monkeypatch.setattr(libvirt, "open", open_)
    lost = Connection(place.line.uri, Dead())
    gives_up = pytest.raises(HostError, match=r"connection to libvirt at .* was lost: .*nobody")
    with gives_up if patience < 0 else nullcontext():
        assert lost.handle is lost.handle
    assert len(opened) == tries
