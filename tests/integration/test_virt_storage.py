"""Pools and volumes under a real libvirt."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from small_media import call
from tiny_guests import open_folder

from builder.cli import app
from builder.config import Settings
from builder.errors import HostError
from builder.host import pools as storage
from builder.host.doctor import examine
from builder.host.host import open_host
from builder.model.storage import Pool
from builder.monitor import SilentMonitor
from builder.virt import pools, volumes
from builder.virt.capabilities import hypervisor_user
from builder.virt.connection import Connection, connect
from tests.monitors import Heard
from tests.values import environment, recorded

PREFIX = f"builder test {os.getpid()}"


@pytest.fixture
def connection(libvirt_uri: str) -> Iterator[Connection]:
    with connect(libvirt_uri) as opened:
        yield opened
        for pool in pools.all_pools(opened):
            if pool.name.startswith(PREFIX):
                pools.remove(opened, pool.name)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture
def pool(connection: Connection, folder: Path) -> Pool:
    return pools.ensure(connection, PREFIX, path=folder)


@pytest.mark.parametrize("name", ["plain", "with space", "a&b <c>", "quo\"te's", "Größe 文", "%41"])
def test_unusual_names(connection: Connection, folder: Path, name: str) -> None:
    path = folder / name
    path.mkdir()
    made = pools.ensure(connection, f"{PREFIX} {name}", path=path)
    assert (made.name, made.path) == (f"{PREFIX} {name}", path)
    assert made.active
    assert made.autostart
    assert 0 < made.available <= made.capacity
    volume = volumes.create(connection, made.name, f"{name}.qcow2", capacity=2**30)
    assert volume.path == path / f"{name}.qcow2"
    assert volumes.all_volumes(connection, made.name) == (volume,)
    volumes.delete(connection, made.name, volume.name)
    assert list(path.iterdir()) == []


def _info(path: Path) -> dict[str, object]:
    # -U: shows it as well while libvirt has it open.
    argv = ["qemu-img", "info", "-U", "--output=json", str(path)]
    found: dict[str, object] = json.loads(subprocess.check_output(argv))
    return found


def test_a_name_that_is_no_text(connection: Connection, pool: Pool) -> None:
    odd = os.fsencode(pool.path) + b"/non\xff.img"
    with open(odd, "wb"):  # noqa: PTH123  # pathlib knows no bytes
        pass
    made = volumes.create(connection, pool.name, "x.qcow2", capacity=2**20)
    names = [each.name for each in volumes.all_volumes(connection, pool.name)]
    assert names == [r"non\xff.img", "x.qcow2"]
    volumes.delete(connection, pool.name, made.name)
    assert os.listdir(os.fsencode(pool.path)) == [b"non\xff.img"]  # noqa: PTH208


def test_a_volume_is_a_sparse_qcow2_of_version_3(connection: Connection, pool: Pool) -> None:
    volume = volumes.create(connection, pool.name, "x.qcow2", capacity=100 * 2**30)
    assert (volume.pool, volume.format) == (pool.name, "qcow2")
    found = _info(volume.path)
    assert (found["format"], found["virtual-size"]) == ("qcow2", 100 * 2**30)
    assert '"compat": "1.1"' in json.dumps(found)
    assert volume.capacity == 100 * 2**30
    assert volume.path.stat().st_size < 2**20


def test_an_overlay_is_as_large_as_what_it_covers(connection: Connection, pool: Pool) -> None:
    base = volumes.create(connection, pool.name, "base.qcow2", capacity=3 * 2**30)
    clone = volumes.create(connection, pool.name, "a.qcow2", capacity=0, backing=base.path)
    assert volumes.all_volumes(connection, pool.name) == (clone, base)
    assert (clone.capacity, clone.backing, clone.format) == (3 * 2**30, base.path, "qcow2")
    assert _info(clone.path)["backing-filename"] == str(base.path)


def test_a_backing_file_that_is_not_there(connection: Connection, pool: Pool) -> None:
    with pytest.raises(HostError, match=r"Cannot create the volume x\.qcow2"):
        volumes.create(connection, pool.name, "x.qcow2", capacity=0, backing=pool.path / "gone")
    assert list(pool.path.iterdir()) == []


def test_a_name_that_is_taken(connection: Connection, pool: Pool) -> None:
    made = volumes.create(connection, pool.name, "x.qcow2", capacity=2**30)
    before = made.path.read_bytes()
    with pytest.raises(HostError, match=r"already has a volume x\.qcow2") as caught:
        volumes.create(connection, pool.name, "x.qcow2", capacity=2**31)
    assert "volume delete x.qcow2" in caught.value.hint
    assert made.path.read_bytes() == before


def test_a_file_that_libvirt_has_not_seen_is_not_overwritten(
    connection: Connection, pool: Pool
) -> None:
    stranger = pool.path / "x.qcow2"
    stranger.write_text("precious")
    with pytest.raises(HostError, match=r"x\.qcow2"):
        volumes.create(connection, pool.name, "x.qcow2", capacity=2**30)
    assert stranger.read_text() == "precious"


def test_files_that_came_and_went_are_noticed(connection: Connection, pool: Pool) -> None:
    volumes.create(connection, pool.name, "gone.qcow2", capacity=2**30).path.unlink()
    (pool.path / "new.iso").write_text("new")
    assert [each.name for each in volumes.all_volumes(connection, pool.name)] == ["new.iso"]
    with pytest.raises(HostError, match=r"There is no volume gone\.qcow2"):
        volumes.delete(connection, pool.name, "gone.qcow2")


@pytest.mark.parametrize("name", ["../x.qcow2", "a/b.qcow2", "", ".."])
def test_a_volume_stays_in_its_pool(connection: Connection, pool: Pool, name: str) -> None:
    before = sorted(pool.path.parent.iterdir())
    with pytest.raises(HostError):
        volumes.create(connection, pool.name, name, capacity=2**20)
    assert sorted(pool.path.parent.iterdir()) == before
    assert list(pool.path.iterdir()) == []


_WORK: tuple[Callable[[Connection], object], ...] = (
    lambda connection: volumes.create(connection, PREFIX, "x.qcow2", capacity=2**30),
    lambda connection: volumes.all_volumes(connection, PREFIX),
    lambda connection: volumes.get(connection, PREFIX, "x.qcow2"),
    lambda connection: volumes.delete(connection, PREFIX, "x.qcow2"),
    lambda connection: pools.notice(connection, PREFIX),
    lambda connection: pools.start(connection, PREFIX),
)


def test_a_pool_whose_folder_went_away(connection: Connection, folder: Path) -> None:
    path = folder / "pool"
    path.mkdir()
    pools.ensure(connection, PREFIX, path=path)
    path.rmdir()
    for active in (True, False):  # libvirt stops it when it finds out
        for work in _WORK:
            if active and not pools.get(connection, PREFIX).active:
                path.mkdir()
                pools.start(connection, PREFIX)
                path.rmdir()
            with pytest.raises(HostError) as caught:
                work(connection)
            assert caught.value.message == f"The folder of the pool {PREFIX}, {path}, is away."
            assert "mounted? `builder pool init` makes an empty one" in caught.value.hint
        if active:
            pools.handle(connection, PREFIX).destroy()


def test_a_pool_that_is_stopped(connection: Connection, pool: Pool) -> None:
    pools.handle(connection, pool.name).destroy()
    for work in _WORK[:-1]:
        with pytest.raises(HostError, match="is not active") as caught:
            work(connection)
        assert caught.value.hint == pools.STOPPED
    assert pools.start(connection, pool.name).active


def _settings(folder: Path) -> Settings:
    return Settings(
        iso_pool=f"{PREFIX} iso",
        iso_pool_path=folder / "new" / "iso",
        store_pool=f"{PREFIX} store",
        store_pool_path=folder / "store",
    )


def _ours(connection: Connection) -> list[str]:
    every = [pool.name() for pool in connection.handle.listAllStoragePools(0)]
    return [name for name in every if name.startswith(PREFIX)]


def test_init_that_fails_leaves_nothing(connection: Connection, folder: Path) -> None:
    (folder / "store").write_text("a file where the folder should be")
    with pytest.raises(HostError) as caught:
        storage.init(connection, _settings(folder))
    assert caught.value.hint
    assert (_ours(connection), list(folder.iterdir())) == ([], [folder / "store"])


def test_a_folder_that_is_another_pool_s(connection: Connection, folder: Path) -> None:
    pools.ensure(connection, f"{PREFIX} other", path=folder)
    settings = replace(_settings(folder), store_pool_path=folder)
    with pytest.raises(HostError, match=f"is the folder of the pool {PREFIX} other") as caught:
        storage.init(connection, settings)
    assert f'store_pool = "{PREFIX} other"' in caught.value.hint
    assert (_ours(connection), list(folder.iterdir())) == ([f"{PREFIX} other"], [])
    same = replace(settings, iso_pool_path=folder / "one", store_pool_path=folder / "one")
    with pytest.raises(HostError, match=f"is the folder of the pool {PREFIX} iso"):
        storage.init(connection, same)
    assert (_ours(connection), list(folder.iterdir())) == ([f"{PREFIX} other"], [])


def test_a_folder_that_is_away_is_only_made_when_asked_for(
    connection: Connection, folder: Path
) -> None:
    settings = _settings(folder)
    here = replace(settings, uri=connection.uri)
    storage.init(connection, settings)
    settings.store_pool_path.rmdir()
    with pytest.raises(HostError, match=r"The folder of the pool .* is away") as caught:
        storage.init(connection, settings)
    assert "mounted?" in caught.value.hint
    with pytest.raises(HostError, match="is away"):
        storage.folder(here, "store_pool", monitor=SilentMonitor())
    assert not settings.store_pool_path.exists()
    heard = Heard()
    for _ in range(2):
        assert storage.init(connection, settings, anew=heard)[1].path.is_dir()
    ((kind, text, _),) = heard.told
    assert (kind, f"{settings.store_pool_path}, was away: it is made anew" in text) == (
        "warning",
        True,
    )


SPOILERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "not to be read": (lambda path: path.symlink_to("/sys/class/net/lo/speed"), "cannot read .*"),
    "without an end": (lambda path: path.symlink_to("/proc/self/mem"), "may wait for ever at .*"),
    "standard input": (lambda path: path.symlink_to("/dev/stdin"), "may wait for ever at .*"),
    "cut off": (lambda path: path.write_bytes(b"QFI\xfb\0\0\0\3".ljust(50, b"\0")), ""),
}


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(("spoil", "why"), SPOILERS.values(), ids=SPOILERS)
def test_a_file_that_stops_a_pool_is_named(
    connection: Connection,
    folder: Path,
    spoil: Callable[[Path], object],
    why: str,
    *,
    running: bool,
) -> None:
    settings = _settings(folder)
    store = storage.init(connection, settings)[1]
    if not running:
        pools.handle(connection, store.name).destroy()
    odd = store.path / "odd's.img"
    spoil(odd)
    for _ in range(2):  # the first time libvirt stops the pool
        with pytest.raises(HostError, match=rf"{why}/odd's\.img") as caught:
            storage.init(connection, settings)
        assert "out of the pool" in caught.value.hint
    odd.unlink()
    assert storage.init(connection, settings)[1].active


def test_what_is_cut_off_is_named_also_where_libvirt_blames_another(
    connection: Connection, folder: Path
) -> None:
    settings = _settings(folder)
    store = storage.init(connection, settings)[1]
    call("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "gone", "-F", "qcow2",
         store.path / "over.qcow2", "1M")  # fmt: skip
    assert storage.init(connection, settings)[1].active
    (store.path / "cut.qcow2").write_bytes(b"QFI\xfb\0\0\0\3".ljust(50, b"\0"))
    with pytest.raises(HostError, match=r"cut\.qcow2 is cut off"):
        storage.init(connection, settings)


def test_what_is_cut_off_is_named_also_after_what_libvirt_minds_less(
    connection: Connection, folder: Path
) -> None:
    settings = _settings(folder)
    store = storage.init(connection, settings)[1]
    call("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "fat:/etc", "-F", "raw",
         store.path / "a.qcow2", "1M")  # fmt: skip
    (store.path / "b.qcow2").write_bytes(b"QFI\xfb\0\0\0\3".ljust(72, b"\0"))
    with pytest.raises(HostError, match=r"b\.qcow2 is cut off"):
        storage.init(connection, settings)


def test_a_folder_where_nobody_may_write(connection: Connection) -> None:
    settings = Settings(iso_pool=PREFIX, iso_pool_path=Path("/proc/builder/iso"))
    with pytest.raises(HostError, match="Cannot make the folder /proc/builder/iso"):
        storage.init(connection, settings)
    assert _ours(connection) == []


def test_a_folder_that_is_another_pool_already(connection: Connection, pool: Pool) -> None:
    with pytest.raises(HostError, match=f"Cannot set up the pool {PREFIX} twin"):
        pools.ensure(connection, f"{PREFIX} twin", path=pool.path)
    assert _ours(connection) == [PREFIX]


def test_a_hypervisor_is_ready_to_build(connection: Connection, folder: Path) -> None:
    settings = replace(_settings(folder), uri=connection.uri)
    with open_host(settings, SilentMonitor()) as opened:
        assert (_ours(connection), list(folder.iterdir())) == ([], [])
        host = opened.prepared()
        assert host.accelerator.virt_type in ("kvm", "qemu")
        assert host.iso_pool.path == settings.iso_pool_path
        assert host.store_pool.path == settings.store_pool_path
        assert host.iso_pool.path.is_dir()
        assert pools.get(host.connection, settings.store_pool).active


def test_a_known_pool_is_started_before_its_folder_is_read(
    connection: Connection, folder: Path
) -> None:
    settings = replace(_settings(folder), uri=connection.uri)
    known = storage.init(connection, settings)
    for pool in known:
        pools.handle(connection, pool.name).destroy()
    with open_host(settings, SilentMonitor()) as opened:
        assert (opened.iso_pool.active, opened.store_pool.active) == (True, True)
    for pool in known:
        pools.handle(connection, pool.name).destroy()
    assert not storage.found(connection, settings, "store_pool").active


@pytest.mark.parametrize("wanted", storage.BOTH)
def test_a_pool_that_nobody_needs_is_in_nobody_s_way(
    connection: Connection, folder: Path, wanted: storage.Setting
) -> None:
    settings = replace(_settings(folder), uri=connection.uri)
    iso, store = storage.init(connection, settings)
    other = store if wanted == "iso_pool" else iso
    for pool in (iso, store):
        pools.handle(connection, pool.name).destroy()
    (other.path / "cut.qcow2").write_bytes(b"QFI\xfb\0\0\0\3".ljust(50, b"\0"))
    with open_host(settings, SilentMonitor(), needs=(wanted,)) as opened:
        assert opened.iso_pool.active != opened.store_pool.active
        assert storage.made(connection, settings, wanted).active
    with pytest.raises(HostError, match=r"cut\.qcow2 is cut off"):
        storage.init(connection, settings)


CHANGES_NOTHING = {
    "gc --dry-run": (0, 0),
    "gc": (0, 0),
    "template clone NOTHING web1": (2, 4),
    "template audit NOTHING": (2, 4),
    "template verify NOTHING --boot": (2, 4),
    "attach centos7": (2, 2),
    "iso add README.md --allow-unverified": (5, 5),
}
"""What a command ends with, where the folders of the settings are there, and where they are not."""


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("line", "codes"), CHANGES_NOTHING.items(), ids=CHANGES_NOTHING)
def test_a_command_that_changes_nothing_makes_no_pools(
    connection: Connection,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    codes: tuple[int, int],
    there: bool,
) -> None:
    settings = replace(_settings(folder), uri=connection.uri, state=folder / "state")
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    recorded(settings.builds / "centos7" / "20261128T100000-0123abcd", state="done")
    for path in (settings.iso_pool_path, settings.store_pool_path) if there else ():
        path.mkdir(parents=True)
    before = set(folder.rglob("*"))
    assert app.run(line.split()) == codes[not there]
    assert _ours(connection) == []
    after = {each for each in folder.rglob("*") if each.name != ".templates.lock"}
    assert after == before


def test_a_folder_that_the_hypervisor_cannot_come_to(connection: Connection, folder: Path) -> None:
    if hypervisor_user(connection) in (None, (os.geteuid(), os.getegid())):
        pytest.skip("guests run as us")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    settings = replace(_settings(closed), uri=connection.uri)
    with pytest.raises(HostError, match=f"cannot pass {closed}") as caught:
        storage.init(connection, settings)
    assert "iso_pool_path" in caught.value.hint
    assert list(closed.iterdir()) == []
    assert _ours(connection) == []
    found = {each.subject: each.state for each in examine(settings, monitor=SilentMonitor())}
    assert found["iso pool's folders"] == found["store pool's folders"] == "fail"
    closed.chmod(0o711)
    storage.init(connection, settings)


def test_free_space_is_what_df_says(pool: Pool, connection: Connection) -> None:
    found = pools.get(connection, pool.name)
    assert abs(found.available - shutil.disk_usage(pool.path).free) < 2**28
