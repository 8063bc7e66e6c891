"""Templates that must not go, those that go, and removers that are killed, on real images."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from killing import kill_at
from store_pools import issue, overlay, qemu_img, with_data_file
from tiny_guests import guest, open_folder

from builder.errors import HostError, UsageError
from builder.files import locked
from builder.model.storage import Pool
from builder.model.template import Template
from builder.monitor import Monitor, SilentMonitor
from builder.registry import channels, gc, registry, removal
from builder.registry.ledger import Ledger
from builder.registry.registry import LOCK, Registry
from builder.registry.removal import Removal, StorePool, prune
from builder.virt import domains, pools, volumes
from builder.virt.connection import Connection, connect
from builder.virt.domain_xml import domain_xml
from builder.virt.usage import unseen, uses
from tests.hosts import URI
from tests.monitors import Heard
from tests.values import recorded

NAME = f"bt-{os.getpid()}"
Use = Callable[[StorePool, Path], str]
"""Makes something that needs an image, and returns what that is called."""


@pytest.fixture
def connection() -> Iterator[Connection]:
    with connect(URI) as opened:
        pools.remove(opened, "default-pool")  # whose folder is nowhere
        yield opened


@pytest.fixture
def store(connection: Connection, tmp_path: Path) -> StorePool:
    """Return a store pool with versions 1 to 5 of a template."""
    return _filled(connection, "store", tmp_path / "store")


def _filled(connection: Connection, name: str, path: Path) -> StorePool:
    path.mkdir()
    pool = pools.ensure(connection, name, path=path)
    for number in range(1, 6):
        issue(path, f"20261123T000000-{number:08}")
    return StorePool(pool=pool, connection=connection, builds=path.parent / "builds")


def delete(
    store: StorePool, words: list[str], *, force: bool, monitor: Monitor | None = None
) -> tuple[Removal, ...]:
    return removal.delete(store, words, force=force, monitor=monitor or SilentMonitor())


def _gc(store: StorePool, *, dry_run: bool = False) -> tuple[gc.Half, ...]:
    return gc.clear(store.registry, store.connection, builds=store.builds, dry_run=dry_run)


def version(store: StorePool, number: int) -> Template:
    return store.registry.versions("centos7")[number - 1]


def why(found: tuple[Removal, ...]) -> dict[str, str]:
    """Return what became of each version, by its number."""
    return {each.version.rpartition(".")[2]: "; ".join(each.kept) for each in found}


def define(connection: Connection, disk: Path, *, form: str = "qcow2") -> str:
    """Define a domain with that disk, and return what it is called."""
    spec = guest("web1", disk, form=form, logs=Path("/nonexistent"))
    connection.handle.defineXML(domain_xml(spec))
    return "the domain web1"


def test_pruning_keeps_the_newest_and_tells(store: StorePool) -> None:
    expected = {
        "1": "",
        "2": "",
        "3": "the newest 3 stay",
        "4": "the newest 3 stay",
        "5": "the channel candidate points to it; it is the newest; the newest 3 stay",
    }
    assert why(prune(store, "", keep=3, dry_run=True, monitor=SilentMonitor())) == expected
    assert len(store.registry.templates()) == 5
    assert why(prune(store, "centos7", keep=3, dry_run=False, monitor=SilentMonitor())) == expected
    left = sorted(path.name for path in store.pool.path.iterdir())
    assert left == [
        LOCK,
        *(f"centos7-20261123.{n}.{kind}" for n in (3, 4, 5) for kind in ("json", "qcow2")),
        "centos7.channels.json",
    ]
    assert store.registry.ledger("centos7").deleted == {"20261123.1", "20261123.2"}
    with pytest.raises(UsageError, match="There is no template 'centos'"):
        prune(store, "centos", keep=3, dry_run=True, monitor=SilentMonitor())


def _overlay_of(named: Callable[[Path], Path | str]) -> Use:
    """Use it by an overlay in the store, whose backing file goes by the name that is returned."""
    return lambda store, base: str(overlay(store.pool.path / "web1.qcow2", named(base)))


def _with_options(base: Path) -> str:
    return f'json:{{"driver":"qcow2","file":{{"driver":"file","filename":"{base}"}}}}'


def _in_single_quotes(base: Path) -> str:
    return f"json:{{'driver':'qcow2','file':{{'driver':'file','filename':'{base}'}}}}"


def _beside_the_file(base: Path) -> str:
    there = f'"driver":"qcow2","file":{{"driver":"file","filename":"{base}"}}'
    return f'json:{{"driver":"qcow2","file.filename":"/nonexistent","backing":{{{there}}}}}'


def _of_a_quorum(base: Path) -> str:
    child = f'{{"driver":"qcow2","file":{{"driver":"file","filename":"{base}"}}}}'
    return f'json:{{"driver":"quorum","vote-threshold":1,"children":[{child}]}}'


def _above_a_linked_folder(base: Path) -> str:
    below = base.parent / "below"
    below.mkdir()
    (base.parents[1] / "linked").symlink_to(below)
    return f"{base.parents[1] / 'linked'}/../{base.name}"


def _raw_for_another(store: StorePool, base: Path) -> str:
    disk = overlay(store.pool.path / "both", base)
    user = define(store.connection, disk)
    spec = guest("web2", disk, form="raw", logs=Path("/nonexistent"))
    store.connection.handle.defineXML(domain_xml(spec))
    return user


def _below_in_the_pool(store: StorePool, base: Path) -> str:
    """A file that a domain has as raw, and an overlay as its backing file."""
    middle = overlay(store.pool.path / "middle", base)
    define(store.connection, middle, form="raw")
    return str(overlay(store.pool.path / "top", middle))


def _linked(link: Callable[[Path, Path], None]) -> Callable[[Path], Path]:
    def make(base: Path) -> Path:
        path = base.parents[1] / "link"
        link(path, base)
        return path

    return make


def _overlay_in_another_pool(store: StorePool, base: Path) -> str:
    folder = store.pool.path.parent / "other"
    folder.mkdir()
    pools.ensure(store.connection, "other", path=folder)
    store.connection.handle.storagePoolLookupByName("other").destroy()  # stopped, but there
    return str(overlay(folder / "web1.qcow2", base))


def _vmdk(store: StorePool, base: Path) -> str:
    path = store.pool.path / "web1.vmdk"
    raw = store.pool.path.parent / "middle.vmdk"
    qemu_img("create", "-u", "-f", "vmdk", raw, "1M")
    qemu_img("create", "-f", "vmdk", "-F", "vmdk", "-b", raw, path)
    overlay(raw, base)  # what it is does not matter, only that it is followed
    return str(path)


def _data_file(store: StorePool, base: Path) -> str:
    return str(with_data_file(store.pool.path / "web1.qcow2", base))


def _data_file_below(store: StorePool, base: Path) -> str:
    below = with_data_file(store.pool.path.parent / "below.qcow2", base)
    return define(store.connection, overlay(store.pool.path.parent / "outside.qcow2", below))


def _domain_on_overlay(store: StorePool, base: Path) -> str:
    return define(store.connection, overlay(store.pool.path.parent / "outside.qcow2", base))


def _domain_on_volume(store: StorePool, base: Path) -> str:
    user = define(store.connection, Path("/nonexistent/x"))
    text = store.connection.handle.lookupByName("web1").XMLDesc(0)
    text = text.replace("type='file'", "type='volume'", 1)
    text = text.replace("file='/nonexistent/x'", f"pool='store' volume='{base.name}'")
    assert base.name in text
    store.connection.handle.defineXML(text)
    return user


def _snapshot(store: StorePool, base: Path) -> str:
    old = overlay(store.pool.path.parent / "old.qcow2", base)
    user = define(store.connection, old)
    domain = store.connection.handle.lookupByName("web1")
    domain.snapshotCreateXML("<domainsnapshot><name>before</name></domainsnapshot>", 0)
    text = domain.XMLDesc(0).replace(str(old), "/nonexistent/new.qcow2")
    store.connection.handle.defineXML(text)
    return user


USES: dict[str, Use] = {
    "overlay": _overlay_of(lambda base: base),
    "overlay of an overlay": _overlay_of(lambda base: overlay(base.parents[1] / "hidden", base)),
    "relative overlay": _overlay_of(lambda base: base.name),
    "overlay with options": _overlay_of(_with_options),
    "overlay with options in single quotes": _overlay_of(_in_single_quotes),
    "overlay with a backing file in its options": _overlay_of(_beside_the_file),
    "overlay of a quorum": _overlay_of(_of_a_quorum),
    "overlay through a linked folder": _overlay_of(_above_a_linked_folder),
    "overlay of a link": _overlay_of(_linked(Path.symlink_to)),
    "overlay of a hard link": _overlay_of(_linked(Path.hardlink_to)),
    "overlay in another pool": _overlay_in_another_pool,
    "vmdk": _vmdk,
    "data file": _data_file,
    "domain on an overlay of what has a data file": _data_file_below,
    "domain on an overlay": _domain_on_overlay,
    "domain on the template": lambda store, base: define(store.connection, base),
    "domain on a volume": _domain_on_volume,
    "snapshot": _snapshot,
    "domain on what is raw for another": _raw_for_another,
    "overlay of what is raw for a domain": _below_in_the_pool,
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_is_needed_stays(store: StorePool, use: Use) -> None:
    user = use(store, version(store, 1).path)
    found = why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))
    assert (found["1"], found["2"]) == (f"{user} needs it", "")
    with pytest.raises(UsageError, match=r"centos7 20261123\.1 stays") as caught:
        delete(store, ["centos7@20261123.1"], force=True)
    assert user in caught.value.message
    assert [each.version for each in store.registry.templates()] == ["20261123.1", "20261123.5"]


def test_data_of_a_guest_is_no_image(store: StorePool, tmp_path: Path) -> None:
    """A guest may write whatever it likes to its disk, also what looks like an overlay."""
    define(store.connection, overlay(tmp_path / "raw.img", version(store, 1).path), form="raw")
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""


def test_data_in_a_file_of_its_own_is_no_image(store: StorePool, tmp_path: Path) -> None:
    data = overlay(store.pool.path / "data", version(store, 1).path)
    define(store.connection, with_data_file(tmp_path / "disk.qcow2", data))
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""


def _misname(path: Path, base: str) -> None:
    """Make an overlay with a backing file that qemu-img would not write there."""
    content = bytearray(overlay(path, "x").read_bytes())
    place = int.from_bytes(content[8:16], "big")
    content[16:20] = len(base).to_bytes(4, "big")
    content[place : place + len(base)] = base.encode()
    path.write_bytes(content)


@pytest.mark.parametrize(
    "base",
    [
        "nbd://nosuch.example:1/x",
        "/nonexistent/gone.qcow2",
        "json:{",
        "web1.qcow2",
        "nvme://0/1",
        "fat:/",
    ],
)
def test_a_chain_that_leads_nowhere_is_no_hindrance(store: StorePool, base: str) -> None:
    _misname(store.pool.path / "web1.qcow2", base)
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""


def test_nothing_goes_while_a_name_is_not_understood(store: StorePool) -> None:
    unclear = store.pool.path / "web1.qcow2"
    _misname(unclear, f"tomorrow:{version(store, 1).path}")
    with pytest.raises(HostError, match=r"web1\.qcow2 needs: it calls one tomorrow:/") as caught:
        prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor())
    assert "move it out of the pool" in caught.value.hint
    _misname(unclear, f"blkdebug::{version(store, 1).path}")
    assert (
        str(unclear) in why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"]
    )
    unclear.unlink()
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""


@pytest.mark.parametrize(
    "header", [b"QFI\xfbgarbage", b"QFI\xfb\0\0\0\x63 and no version that anybody knows"]
)
def test_a_damaged_header_needs_nothing(store: StorePool, header: bytes) -> None:
    (store.pool.path / "broken.qcow2").write_bytes(header)
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""


def test_an_extent_that_nobody_writes_to_is_not_waited_for(store: StorePool) -> None:
    os.mkfifo(store.pool.path / "pipe")
    descriptor = '# Disk DescriptorFile\ncreateType="monolithicFlat"\nRW 2048 FLAT "pipe" 0\n'
    (store.pool.path / "web1.vmdk").write_text(descriptor)
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""


def test_nothing_goes_while_a_file_cannot_be_read(
    store: StorePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = store.pool.path / "closed.img"
    closed.write_text("of another user")
    original = os.open

    def refuse(path: Path, *given: int, **named: int) -> int:
        if path == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return original(path, *given, **named)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(HostError, match=r"which backing files .*closed\.img needs") as caught:
        prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor())
    assert "move it out of the pool" in caught.value.hint
    assert len(store.registry.templates()) == 5
    assert uses(store.connection, leaving=closed)  # its own removal is not in its way


SOURCES = {
    "dir": "",
    "fs": "<source><device path='/dev/nosuch'/></source>",
    "netfs": "<source><host name='nas.example'/><dir path='/x'/><format type='nfs'/></source>",
    "logical": "<source><name>nosuch</name></source>",
}


def define_pool(store: StorePool, kind: str, *, active: bool) -> Path:
    """Define a pool `other`, and return its folder, which nobody has made."""
    folder = store.pool.path.parent / "other"
    target = f"<target><path>{folder}</path></target>"
    document = f"<pool type='{kind}'><name>other</name>{SOURCES[kind]}{target}</pool>"
    pool = store.connection.handle.storagePoolDefineXML(document, 0)
    if active:
        pool.create(0)
    return folder


@pytest.mark.parametrize(
    ("kind", "active", "folder", "away"),
    [
        ("dir", False, "", True),
        ("dir", True, "", True),  # libvirt has not noticed
        ("dir", False, "there", False),
        ("dir", True, "there", False),
        ("fs", False, "there", True),
        ("netfs", False, "there", True),
        ("netfs", False, "", True),
        ("netfs", False, "mounted", False),  # by somebody else
        ("netfs", True, "there", False),
        ("logical", False, "", False),  # no folder of images
    ],
)
def test_pools_that_are_away(
    store: StorePool,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    *,
    active: bool,
    folder: str,
    away: bool,
) -> None:
    path = define_pool(store, kind, active=active)
    if folder:
        path.mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda each: folder == "mounted" and each == str(path))
    assert unseen(store.connection) == ("other",) * away


def test_what_a_pool_that_is_away_may_need_goes_only_by_force(store: StorePool) -> None:
    define_pool(store, "netfs", active=False)
    perhaps = "images in the pool other, which is away, may need it"
    found = why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))
    assert (found["1"], found["4"]) == (perhaps, perhaps)
    assert found["5"].startswith("the channel candidate points to it; it is the newest; ")
    with pytest.raises(UsageError) as caught:
        delete(store, ["centos7@20261123.1"], force=False)
    assert caught.value.message == f"centos7 20261123.1 stays: {perhaps}."
    assert caught.value.hint == "--force removes it all the same."
    assert len(store.registry.templates()) == 5
    monitor = Heard()
    delete(store, ["centos7@20261123.1", "centos7@20261123.2"], force=True, monitor=monitor)
    assert [(kind, text) for kind, text, _at in monitor.told] == [("warning", perhaps)]
    pools.remove(store.connection, "other")  # it will not come back
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["3"] == ""


@pytest.mark.parametrize(
    ("words", "force", "sentence"),
    [
        (["centos7"], True, "Which version of centos7?"),
        (["centos8"], True, "There is no template 'centos8'."),
        (["centos7@20261123.6"], True, "no version 20261123.6"),
        (["centos7@latest"], False, "the channel candidate points to it; it is the newest"),
        (["centos7@20261123.1", "centos7@stable"], False, "the channel stable points to it"),
    ],
)
def test_all_or_none_is_deleted(
    store: StorePool, words: list[str], force: bool, sentence: str
) -> None:
    channels.promote(store.registry, "centos7@20261123.2")
    with pytest.raises(UsageError) as caught:
        delete(store, words, force=force)
    assert sentence in caught.value.message
    assert len(store.registry.templates()) == 5


def test_deleting_moves_channels_and_takes_the_link_of_the_build(store: StorePool) -> None:
    channels.promote(store.registry, "centos7@20261123.1")
    channels.promote(store.registry, "centos7@20261123.2")
    link = store.builds / "centos7" / "20261123T000000-00000002" / version(store, 2).path.name
    link.parent.mkdir(parents=True)
    link.hardlink_to(version(store, 2).path)
    manifest = version(store, 2).manifest  # of which the head is all that it takes
    manifest.write_text(manifest.read_text().replace('"machine": {', '"machine": 7, "was": {'))
    (gone,) = delete(store, ["centos7@stable"], force=True)
    assert (gone.version, [(each.channel, each.after) for each in gone.moved]) == (
        "20261123.2",
        [("stable", "20261123.1")],
    )
    assert list(link.parent.iterdir()) == []
    other = store.builds / "centos7" / "20261123T000000-00000003" / version(store, 2).path.name
    other.parent.mkdir()
    other.write_text("of the same name, by chance")
    delete(store, ["centos7@20261123.3"], force=False)
    assert other.exists()
    assert issue(store.pool.path, "next").version == "20261123.6"


def test_what_is_gone_is_told_though_libvirt_cannot_look(
    store: StorePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_connection: Connection, _name: str) -> None:
        raise HostError("Cannot list the pool store.")

    monkeypatch.setattr(pools, "notice", refuse)
    heard = Heard()
    [gone] = delete(store, ["centos7@20261123.1"], force=False, monitor=heard)
    found = prune(store, "", keep=2, dry_run=False, monitor=heard)
    assert (gone.version, why(found)["2"]) == ("20261123.1", "")
    assert [text for _, text, _ in heard.told] == ["Cannot list the pool store."] * 2


def test_a_link_of_the_build_that_leads_nowhere_is_no_hindrance(store: StorePool) -> None:
    template = version(store, 1)
    folder = store.builds / "centos7" / registry.manifest(template).build_id
    folder.mkdir(parents=True)
    (folder / template.path.name).symlink_to("y" * 300)
    assert why(prune(store, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""
    assert not template.path.exists()


def test_versions_that_are_lost_cost_one_look_at_the_ledger(
    store: StorePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    read = Registry.ledger

    def count(registry: Registry, name: str) -> Ledger:
        looks.append(name)
        return read(registry, name)

    monkeypatch.setattr(Registry, "ledger", count)
    for number in (4, 3, 2):
        store.pool.path.joinpath(f"centos7-20261123.{number}.json").unlink()
    found = store.registry.entries(store.registry.ledger("centos7"))
    assert [each.version.rpartition(".")[2] for each in found] == list("54321")
    assert len(looks) == 2


def test_a_lost_image_that_a_clone_needs_may_come_back(store: StorePool) -> None:
    lost = version(store, 5)
    disk = overlay(store.pool.path.parent / "clone.qcow2", lost.path)
    define(store.connection, disk)
    lost.path.rename(store.pool.path.parent / "elsewhere.qcow2")
    with pytest.raises(UsageError, match=r"20261123\.5 stays: the domain web1 needs it"):
        delete(store, ["centos7@20261123.5"], force=True)
    store.connection.handle.lookupByName("web1").undefine()
    (gone,) = delete(store, ["centos7@20261123.5"], force=True)
    assert ([each.after for each in gone.moved], gone.size) == (["20261123.4"], 0)


def test_a_name_can_go_for_good(store: StorePool) -> None:
    every = [f"centos7@{each.version}" for each in store.registry.templates()]
    delete(store, every, force=True)
    left = sorted(path.name for path in store.pool.path.iterdir())
    assert left == [LOCK, "centos7.channels.json"]
    assert store.registry.ledger("centos7").channels == {}
    assert issue(store.pool.path, "next").version == "20261123.6"


def _remove(pool: Pool, builds: Path) -> None:
    """Delete version 1."""
    with connect(URI) as connection:
        pools.ensure(connection, pool.name, path=pool.path)
        store = StorePool(pool=pool, connection=connection, builds=builds)
        delete(store, ["centos7@20261123.1"], force=True)


def test_a_remover_that_is_killed_before_the_manifest_goes(store: StorePool) -> None:
    kill_at(("os.remove", r"\.json$"), _remove, store.pool, store.builds)
    assert len(store.registry.templates()) == 5
    assert _gc(store) == ()
    delete(store, ["centos7@20261123.1"], force=False)
    assert len(store.registry.templates()) == 4


def test_gc_tells_what_a_killed_remover_left(store: StorePool) -> None:
    """An image that was put back from a backup looks the same."""
    image = version(store, 1).path
    kill_at(("os.remove", r"\.qcow2$"), _remove, store.pool, store.builds)
    assert len(store.registry.templates()) == 4
    clone = overlay(store.pool.path.parent / "clone.qcow2", image)
    define(store.connection, clone)
    assert _gc(store) == ()
    store.connection.handle.lookupByName("web1").undefine()
    strange = store.pool.path / "strange.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", strange, "1M")
    qemu_img("rebase", "-u", "-F", "raw", "-b", "weird:whatever", strange)
    pools.notice(store.connection, store.pool.name)
    assert _gc(store) == ()  # what needs the image, nobody can tell
    strange.unlink()
    [told] = _gc(store)
    assert told.path == image
    assert "its version was deleted" in told.why
    assert image.exists()


CLAIMS = {
    "nobody's": (None, True),
    "running": ("running", False),  # killed
    "stopped": ("stopped", False),
    "failed": ("failed", False),
    "interrupted": ("interrupted", False),
    "cleared": ("cleared", False),
    "done": ("done", True),
}


@pytest.mark.parametrize(("state", "stays"), CLAIMS.values(), ids=CLAIMS)
def test_a_manifest_whose_image_is_on_the_way_stays(
    store: StorePool, state: str | None, *, stays: bool
) -> None:
    """Who copies a template with cp or rsync copies its manifest first."""
    copied = version(store, 5)
    build_id = registry.manifest(copied).build_id
    for path in (copied.path, store.pool.path / "centos7.channels.json"):
        path.unlink()
    if state:
        recorded(store.builds / "centos7" / build_id, state=state)
    found = {each.path: each.why for each in _gc(store)}
    assert copied.manifest in found
    assert (copied.manifest.exists(), bool(found[copied.manifest])) == (stays, stays)


@pytest.mark.parametrize("whose", ["running", "another's", "a link's"])
def test_a_claim_of_somebody_stays(store: StorePool, whose: str) -> None:
    claim = version(store, 5)
    folder = recorded(store.builds / "centos7" / registry.manifest(claim).build_id, state="running")
    for path in (claim.path, store.pool.path / "centos7.channels.json"):
        path.unlink()
    if whose == "another's":
        os.chown(claim.manifest, 12345, 12345)
    if whose == "a link's":
        claim.manifest.symlink_to(claim.manifest.rename(store.pool.path / "manifest"))
    with locked(folder) if whose == "running" else nullcontext():
        assert [bool(each.why) for each in _gc(store)] == [True]
    assert claim.manifest.exists()


DRAFTS = {
    "..20261123T000000-00000001.candidate.json": False,
    ".y.channels.json.builder-12345678.part": True,
    ".y.channels.json.download.part": False,
    ".y.channels.json.builder-NINECHARS.part": False,
    ".y-20261123.1.qcow2.intoto.jsonl.builder-abcd_123.part": True,
    ".20261123T000000-00000001.qcow2.builder-12345678.part": False,
}


@pytest.mark.parametrize("owner", [os.geteuid(), 12345])
def test_half_written_files_are_known_by_name_and_owner(store: StorePool, owner: int) -> None:
    for name in DRAFTS:
        (store.pool.path / name).touch()
        os.chown(store.pool.path / name, owner, owner)
    ours = {name for name, goes in DRAFTS.items() if goes and owner == os.geteuid()}
    assert {each.path.name for each in _gc(store)} == ours
    there = {path.name for path in store.pool.path.iterdir()}
    assert there & set(DRAFTS) == set(DRAFTS) - ours


def test_gc_leaves_what_is_not_ours(store: StorePool) -> None:
    mine = store.pool.path / "mine-20261123.1.qcow2"
    qemu_img("create", "-f", "qcow2", mine, "1M")
    lost = version(store, 1)
    lost.manifest.unlink()  # by hand: nobody has told us to delete it
    imageless = version(store, 2)  # the third by now
    imageless.path.unlink()
    (store.pool.path / "notes-20261123.1.json").write_text("{}")
    assert all(each.why for each in _gc(store))
    assert mine.exists()
    assert lost.path.exists()
    assert imageless.manifest.exists()


@pytest.fixture
def real(libvirt_uri: str) -> Iterator[StorePool]:
    """Return a store pool under the host's libvirt."""
    with connect(libvirt_uri) as opened, open_folder() as folder:
        try:
            yield _filled(opened, NAME, folder / "store")
        finally:
            domains.remove(domains.Domain(name=NAME, connection=opened))
            pools.remove(opened, NAME)


def test_the_clone_of_a_guest_that_runs(real: StorePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "unseen", lambda _connection: ())  # pools of other tests
    base = version(real, 1).path
    base.chmod(0o644)
    disk = overlay(real.pool.path.parent / "clone.qcow2", base)
    spec = guest(NAME, disk, form="qcow2", logs=real.pool.path.parent)
    with domains.paused(real.connection, domain_xml(spec)):
        needed = {(each.path, each.user) for each in uses(real.connection)}
        assert {(disk, f"the domain {NAME}"), (base, f"the domain {NAME}")} <= needed
        found = why(prune(real, "", keep=1, dry_run=False, monitor=SilentMonitor()))
    assert found["1"] == f"the domain {NAME} needs it"
    assert found["2"] == ""
    assert why(prune(real, "", keep=1, dry_run=False, monitor=SilentMonitor()))["1"] == ""
    names = [each.name for each in volumes.all_volumes(real.connection, NAME)]
    assert [each for each in names if each.endswith(".qcow2")] == [version(real, 1).path.name]
