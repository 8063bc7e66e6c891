"""The libvirt door against libvirt's own in-process test driver."""

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import libvirt
import pytest

from builder.errors import HostError
from builder.host import pools as storage
from builder.host.host import open_host
from builder.monitor import SilentMonitor
from builder.virt import capabilities as host
from builder.virt import domains, pools, volumes
from builder.virt.connection import Connection, connect
from builder.virt.latest import Latest
from builder.virt.listen import listen
from builder.virt.usage import uses
from tests.hosts import URI, new_host, settings


@pytest.fixture
def connection() -> Iterator[Connection]:
    with new_host() as opened:
        yield opened


def test_pools_are_made_once(connection: Connection, tmp_path: Path) -> None:
    first = storage.init(connection, settings(tmp_path))
    again = storage.init(connection, settings(tmp_path / "elsewhere"))
    assert [pool.name for pool in first] == ["iso", "store"]
    assert [pool.path for pool in again] == [tmp_path / "iso", tmp_path / "store"]
    assert all(pool.active and pool.autostart for pool in again)
    assert {"default-pool", "iso", "store"} <= {pool.name for pool in pools.all_pools(connection)}
    assert not (tmp_path / "elsewhere").exists()


def test_a_stopped_pool_is_started(connection: Connection, tmp_path: Path) -> None:
    storage.init(connection, settings(tmp_path))
    connection.handle.storagePoolLookupByName("iso").destroy()
    assert not pools.get(connection, "iso").active
    assert storage.init(connection, settings(tmp_path))[0].active


def test_a_pool_that_is_gone_since_it_was_listed(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.init(connection, settings(tmp_path))
    listed = connection.handle.listAllStoragePools(0)
    pools.remove(connection, "iso")
    monkeypatch.setattr(connection.handle, "listAllStoragePools", lambda _flags: listed)
    assert {pool.name for pool in pools.all_pools(connection)} == {"default-pool", "store"}
    assert [each.user for each in uses(connection)] == ["the domain test"]


@pytest.mark.parametrize("uri", ["qemu+ssh://host/system", "qemu+tcp://root@[::1]:16509/system"])
def test_another_machine_is_refused(connection: Connection, tmp_path: Path, uri: str) -> None:
    remote = Connection(uri=uri, handle=connection.handle)
    with pytest.raises(HostError, match="is another machine"):
        storage.init(remote, settings(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_exist(connection: Connection) -> None:
    with pytest.raises(HostError, match="There is no storage pool nosuch") as caught:
        volumes.all_volumes(connection, "nosuch")
    assert "pool init" in caught.value.hint
    with pytest.raises(HostError, match=r"There is no volume nosuch\.qcow2") as caught:
        volumes.delete(connection, "default-pool", "nosuch.qcow2")
    assert "volume list" in caught.value.hint


def test_a_hypervisor_that_cannot_be_listened_to_is_let_go(tmp_path: Path) -> None:
    with connect(URI) as connection:
        storage.init(connection, settings(tmp_path))
        domain = domains.Domain(name="test", connection=connection)
        with pytest.raises(HostError, match="test"), listen(domain, logs={}):
            pytest.fail("must not get here")
        assert "<name>test</name>" in domains.live_xml(domain)
    with new_host() as connection:  # the last one has taken with it what was made there
        assert [pool.name for pool in pools.all_pools(connection)] == ["default-pool"]


def test_a_hypervisor_that_runs_no_guests_of_ours(tmp_path: Path) -> None:
    with pytest.raises(HostError), open_host(settings(tmp_path), SilentMonitor()):
        pytest.fail("must not get here")


def test_who_waits_for_an_answer_keeps_his_own_connection() -> None:
    used, lives = SimpleQueue[libvirt.virConnect](), SimpleQueue[bool]()
    closed = threading.Event()

    def ask(domain: domains.Domain) -> None:
        used.put(domain.connection.handle)
        closed.wait()
        lives.put(domain.connection.handle.isAlive())

    with connect(URI) as connection:
        domain = domains.Domain(name="test", connection=connection)
        with Latest(ask, domain):
            assert used.get() is not connection.handle
    closed.set()
    assert lives.get()


def test_versions(connection: Connection) -> None:
    found = host.version(connection)
    assert set(found) == {"libvirt", "qemu"}
    assert all(text.count(".") == 2 for text in found.values())


@pytest.mark.parametrize("uri", ["nosuch:///system", "no uri at all", "test:///nonexistent.xml"])
def test_nothing_answers(uri: str) -> None:
    with pytest.raises(HostError, match="Cannot connect to libvirt at") as caught, connect(uri):
        pytest.fail("must not get here")
    assert caught.value.hint


def test_what_the_schema_refuses_is_one_line(connection: Connection) -> None:
    document = "<domain type='test'><name>x</name><memory>1e9</memory></domain>"
    with pytest.raises(HostError, match=r"libvirt refuses the domain: [^\n]*1e9[^\n]*\.$"):
        domains.define(connection, document)
