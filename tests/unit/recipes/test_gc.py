"""gc: what is a build's for certain goes; whatever else has a similar name stays, and is told."""

import inspect
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from builder.cli import app
from builder.errors import HostError, UsageError
from builder.files import locked
from builder.host import strays
from builder.host.host import Host
from builder.model.domain import Disk, DomainSpec
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.recipes import volumes
from builder.recipes.gc import Leftover, collect_garbage
from builder.record import verifications
from builder.record.journal import Journal
from builder.virt import domains, pools
from builder.virt.domain_xml import domain_xml
from tests.hosts import driven
from tests.monitors import Heard
from tests.values import machine, recorded

ID = "20261128T100000-0123abcd"
OTHER = "20261128T100000-ffffffff"
CHECK = "again-ab_d3f9h"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(domains, "_UNDEFINE", 0)  # the test driver's domains have no NVRAM
    with driven(tmp_path) as opened:
        yield opened


def gc(host: Host, *, kept: bool = True, dry_run: bool = False) -> tuple[Leftover, ...]:
    return collect_garbage(host, kept=kept, dry_run=dry_run, monitor=SilentMonitor())


def told(host: Host) -> list[tuple[str, str]]:
    return [(each.build_id, each.verdict) for each in gc(host)]


def traces(host: Host, build_id: str = ID) -> Traces:
    folder = host.settings.builds / "centos7" / build_id
    return Traces(id=build_id, name="centos7", folder=folder, began=datetime.now(UTC))


def define(
    host: Host, name: str, maker: Traces | None, *, disk: Path | None = None, starts: bool = False
) -> None:
    """Make a domain, with a definition that says whose it is."""
    spec = DomainSpec(
        name=name,
        title=name,
        machine=machine(virt_type="test", network="none"),
        maker=maker,
        disks=(Disk(path=disk, boot_order=1),) if disk else (),
        console_log=Path("/log"),
    )
    domain = domains.define(host.connection, domain_xml(spec))
    if starts:
        domains.boot(domain)


def there(host: Host) -> set[str]:
    """Return all domains, and all that is in the pools."""
    paths = [*host.iso_pool.path.rglob("*"), *host.store_pool.path.rglob("*")]
    names = {str(path) for path in paths if path.name != ".templates.lock"}
    return names | set(domains.names(host.connection))


RECORDS = [
    {"build_id": ""},
    {"build_id": "*"},
    {"build_id": "2"},
    {"build_id": "test"},
    {"build_id": "../store"},
    {"build_id": OTHER},
    {"build_id": ID, "name": "../.."},
    {"build_id": ID, "name": "test"},
    {"build_id": ID},
]


@pytest.mark.parametrize("record", RECORDS)
def test_what_has_a_name_like_a_build_s_stays(host: Host, record: dict[str, str]) -> None:
    for pool in (host.iso_pool.path, host.store_pool.path):
        for name in (f"copy-{ID}.qcow2", f"{ID}", f"{ID}-prod.iso", "prod-db.qcow2", "2.iso"):
            (pool / name).write_text("somebody's")
        (pool / f"{ID}.qcow2").symlink_to("prod-db.qcow2")
        (pool / f".{ID}.iso.part").touch()
        (pool / ".mine.part").touch()
        (pool / ".holiday.download.part").touch()
        (pool / f".{ID}.tar").mkdir()
        os.mkfifo(pool / f".{ID}.candidate")
    define(host, f"builder-centos7-{OTHER}", None)
    define(host, f"builder-centos8-{ID}", traces(host))
    define(host, f"my-{ID}", traces(host))
    define(host, f"builder-audit-{ID}", None, starts=True)
    before, folder = there(host), host.settings.builds / "centos7" / ID
    for state in ("running", "failed", "interrupted", "done", "cleared", ""):
        shutil.rmtree(folder, ignore_errors=True)
        recorded(folder, **(record | {"state": state}))
        verdicts = {each.verdict for each in gc(host) if each.build_id == ID}
        assert there(host) == before, state
        assert verdicts <= {"skipped"} or record == {"build_id": ID}, state


def test_all_of_a_build_s_own_goes_and_nothing_else(host: Host) -> None:
    own = traces(host)
    stays = there(host)
    files = own.files(iso_pool=host.iso_pool.path, store_pool=host.store_pool.path)
    parts = [path.with_name(f".{path.name}.builder-abcd_123.part") for path in files]
    for path in (*files, *parts):
        path.touch()
    for name in own.domains:
        define(host, name, own, starts=name.endswith("a"))
    recorded(own.folder, state="failed")
    for kept, verdict in ((False, "kept"), (True, "would be cleared")):
        [found] = gc(host, kept=kept, dry_run=True)
        assert (found.verdict, set(found.left)) == (verdict, there(host) - stays)
    [found] = gc(host)
    assert (found.verdict, there(host)) == ("cleared", stays)


@pytest.mark.parametrize("state", ["done", "cleared", "interrupted"])
def test_what_could_not_be_cleared_is_no_wish_to_keep_it(host: Host, state: str) -> None:
    path = host.store_pool.path / f"{ID}.qcow2"
    path.touch()
    recorded(traces(host).folder, state=state)
    assert [each.verdict for each in gc(host, kept=False)] == ["cleared"]
    assert not path.exists()


def test_a_folder_that_is_a_link_or_another_s_is_told(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (host.store_pool.path / f"{ID}.qcow2").touch()
    elsewhere = recorded(tmp_path / "centos7" / ID, state="running")
    folder = traces(host).folder
    folder.parent.mkdir(parents=True)
    folder.symlink_to(elsewhere)
    [found] = gc(host)
    assert (found.build_id, found.verdict, found.why) == (ID, "skipped", "its folder is a link")
    folder.unlink()
    shutil.move(elsewhere, folder)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    [found] = gc(host)
    assert (found.verdict, found.why) == ("skipped", "its folder is another user's")
    with pytest.raises(HostError, match="is left alone: its folder is another user's"):
        Journal.join(folder, monitor=SilentMonitor())
    assert (host.store_pool.path / f"{ID}.qcow2").exists()


def test_a_process_is_at_it(host: Host) -> None:
    (host.store_pool.path / f"{ID}.qcow2").touch()
    with locked(recorded(traces(host).folder, state="done")):
        assert gc(host) == ()


def test_what_another_folder_claims_is_told(host: Host, tmp_path: Path) -> None:
    disk, medium = host.store_pool.path / f"{ID}.qcow2", host.iso_pool.path / f"{ID}.iso"
    disk.touch()
    medium.touch()
    home = tmp_path / "other" / "builds" / "centos7" / ID
    home.mkdir(parents=True)
    maker = replace(traces(host), folder=home)
    define(host, f"builder-centos7-{ID}", maker, disk=disk)
    assert told(host) == [(ID, "skipped")]
    assert disk.exists()
    home.rmdir()
    assert told(host) == [(ID, "cleared"), (ID, "unclaimed")]
    assert (disk.exists(), medium.exists()) == (False, True)
    assert domains.names(host.connection) == ("test",)


def test_libvirt_knows_where_another_state_folder_has_a_build(host: Host, tmp_path: Path) -> None:
    home = recorded(tmp_path / "other" / "centos7" / ID, state="running")
    define(host, f"builder-centos7-{ID}", replace(traces(host), folder=home))
    assert strays.located(host.settings, ID) == home
    with pytest.raises(UsageError, match=f"There is no build '{OTHER}'"):
        strays.located(host.settings, OTHER)


def test_what_runs_for_a_folder_that_is_gone_is_told(host: Host) -> None:
    host.settings.builds.mkdir(parents=True)
    maker = replace(traces(host, CHECK), name="", folder=host.settings.state / CHECK)
    define(host, f"builder-check-a-{CHECK}", maker, starts=True)
    assert told(host) == [(CHECK, "its guest runs")]
    domains.Domain(name=f"builder-check-a-{CHECK}", connection=host.connection).handle.destroy()
    assert told(host) == [(CHECK, "cleared")]


def test_a_copy_of_a_check_s_folder_is_not_the_check(host: Host, tmp_path: Path) -> None:
    home = checked(tmp_path / "other" / CHECK)
    shutil.copytree(home, host.settings.state / CHECK)
    (host.store_pool.path / f".{CHECK}.tar").touch()
    maker = replace(traces(host, CHECK), name="", folder=home)
    define(host, f"builder-audit-{CHECK}", maker, starts=True)
    before = there(host)
    [found] = gc(host)
    assert (found.verdict, found.why) == ("its guest runs", f"for {home}")
    assert there(host) == before


def checked(folder: Path) -> Path:
    """Make the folder of a check that was killed."""
    folder.mkdir(parents=True)
    record = verifications.Record(check_id=folder.name, home=str(folder))
    (folder / verifications.FILE).write_bytes(msgspec.json.encode(record))
    return folder


def test_a_folder_with_a_name_like_a_check_s_is_none(host: Host) -> None:
    theirs = host.settings.state / CHECK
    theirs.mkdir(parents=True)
    (theirs / "my-notes.txt").touch()
    disk = host.store_pool.path / f"{CHECK}.qcow2"
    disk.touch()
    define(host, "db1", None, disk=disk)
    before = there(host)
    assert told(host) == [(CHECK, "unclaimed")]
    assert there(host) == before
    assert (theirs / "my-notes.txt").exists()


def test_of_a_killed_check_its_folder_stays(host: Host) -> None:
    folder = checked(host.settings.state / CHECK)
    (folder / "my-notes.txt").touch()
    (host.store_pool.path / f".{CHECK}.tar").touch()
    assert told(host) == [(CHECK, "cleared")]
    assert told(host) == []
    assert (folder / "my-notes.txt").exists()


def test_a_disk_that_another_domain_has_stays(host: Host) -> None:
    recorded(traces(host).folder, state="failed")
    disk = host.store_pool.path / f"{ID}.qcow2"
    disk.touch()
    define(host, "look-inside", None, disk=disk)
    assert told(host) == [(ID, "left behind")]
    assert disk.exists()


def test_folders_nested_too_deeply_for_python_stop_nobody(host: Host) -> None:
    folder = recorded(traces(host).folder, state="running")
    for name in ("checks", "mine"):
        (folder / name / "/".join(["x"] * 400)).mkdir(parents=True)
    most = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 300)  # no deeper a tree: pytest has to remove it
    try:
        assert told(host) == [(ID, "cleared")]
        assert told(host) == []
    finally:
        sys.setrecursionlimit(most)


HOMES = {
    "the state folder is not mounted": "unmounted/builds/centos7/{}",
    "in another folder": "builds/{}",
    "not a folder of its own": "state/builds/x/y",
    "at the top": "/{}",
    "not below builds": "state/results/centos7/{}",
    "relative": "/../state/builds/centos7/{}",
    "another user's": "theirs/builds/centos7/{}",
    "a link to nothing": "dangling/builds/centos7/{}",
}


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("home", HOMES.values(), ids=HOMES)
def test_a_folder_that_is_out_of_sight_is_not_gone(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, *, second: bool
) -> None:
    """Nor is one of which only the second domain says so."""
    monkeypatch.chdir(tmp_path)
    for name in ("state/builds", "state/results", "theirs/builds", "dangling"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    os.chown(tmp_path / "theirs/builds", 12345, 12345)
    (tmp_path / "dangling/builds").symlink_to("nowhere")
    disk = host.store_pool.path / f"{ID}.qcow2"
    disk.touch()
    folder = Path(home.format(ID).removeprefix("/../"))
    maker = replace(traces(host), folder=folder if "/../" in home else tmp_path / folder)
    if second:
        define(host, f"builder-audit-{ID}", traces(host))
    define(host, f"builder-centos7-{ID}", maker, disk=disk)
    before = there(host)
    [found] = gc(host)
    assert (found.build_id, found.verdict) == (ID, "unclaimed")
    assert str(maker.folder) in found.why
    assert there(host) == before


@pytest.mark.parametrize("first", [False, True])
def test_each_domain_of_a_build_may_name_its_folder(
    host: Host, tmp_path: Path, *, first: bool
) -> None:
    host.settings.builds.mkdir(parents=True)
    home = recorded(tmp_path / "other" / "builds" / "centos7" / ID, state="failed")
    makers = [replace(traces(host), folder=home), traces(host)]
    for name, maker in zip(("audit", "centos7"), makers if first else makers[::-1], strict=True):
        define(host, f"builder-{name}-{ID}", maker)
    [found] = gc(host)
    assert (found.verdict, found.why) == ("skipped", f"{home} has it")


ALIKE = (
    ".holiday.download.part",
    ".x.channels.json.download.part",
    f".{OTHER}.iso.abcdefgh.part",
    f".{OTHER}.iso.builder-abcdefgh.part",
    f"..{OTHER}.candidate.json",
)


@pytest.mark.parametrize("pool", ["iso_pool", "store_pool"])
def test_what_only_looks_half_written_is_told(host: Host, pool: str) -> None:
    folder = getattr(host, pool).path
    for name in ALIKE:
        (folder / name).write_text("somebody's")
    left = folder / ".web1-cidata.iso.builder-abcdefgh.part"
    left.touch()
    told = {Path(name).name: each.verdict for each in gc(host) for name in each.left}
    assert told == dict.fromkeys(ALIKE, "unclaimed") | {left.name: "cleared"}
    assert {path.name for path in folder.iterdir()} - {".templates.lock"} == set(ALIKE)


def test_files_without_a_proof_are_told(host: Host) -> None:
    (host.store_pool.path / f".{OTHER}.candidate").touch()
    assert told(host) == [(OTHER, "unclaimed")]
    assert (host.store_pool.path / f".{OTHER}.candidate").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[" * 100_000, b'{"build_id": 7}', b"\xff", b'{"pid": ' + b"9" * 5000],
)
def test_a_record_that_is_none_is_no_build(host: Host, content: bytes) -> None:
    folder = traces(host).folder
    folder.mkdir(parents=True)
    (folder / "build.json").write_bytes(content)
    assert gc(host) == ()


def hostile(folder: Path) -> None:
    """Fill a folder with what may lie there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("/nonexistent/x")
    (folder / "root").symlink_to("/")
    (folder / "up").symlink_to("..")
    (folder / "file").write_text("x")
    (folder / "mode 000").mkdir(mode=0)
    os.mkfifo(folder / f".{ID}.iso.builder-12345678.part")
    os.mknod(folder / f".{OTHER}.iso.builder-12345678.part", 0o600 | stat.S_IFSOCK)
    for name in (b"new\nline", b"\x1b[2J", b"\xff\xfe", b"-rf", b"*", b"n" * 255):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).mkdir()


def test_hostile_folders_stop_nobody(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [host.settings.builds, traces(host).folder.parent, traces(host).folder]
    places += [host.iso_pool.path, host.store_pool.path, host.settings.state / "again-ab_d3f9h"]
    places += [host.settings.builds / os.fsdecode(b"\xff") / ID]
    for place in places:
        hostile(place)
    (traces(host).folder / "build.json").write_text(
        f'{{"build_id": "{ID}", "name": "x", "state": "failed"}}'
    )
    with (places[1] / "huge").open("w") as file:
        file.truncate(1 << 40)
    before = {path for place in places for path in place.iterdir()}
    for kept in (False, True):
        assert {each.verdict for each in gc(host, kept=kept)} <= {"skipped", "unclaimed"}
    monkeypatch.setenv("BUILDER_STATE", str(host.settings.state))
    monkeypatch.setenv("BUILDER_URI", host.settings.uri)
    for words in (["list"], ["list", "--json"], ["show", ID]):
        assert app.run(["builds", *words]) == 0
    assert {path for place in places for path in place.iterdir()} >= before


def _with_links(name: str) -> Callable[[Path, Path], None]:
    """Put a link that leads to a file outside at that name; which kind, the name's end says."""

    def put(folder: Path, outside: Path) -> None:
        path, _, kind = name.partition(" ")
        if kind == "hard":
            (folder / path).hardlink_to(outside)
        else:
            targets = {"long": "y" * 300, "": str(outside)}
            (folder / path).symlink_to(targets.get(kind, kind))

    return put


STRANGE = {
    "events": _with_links("events.jsonl"),
    "events, hard": _with_links("events.jsonl hard"),
    "events, dangling": _with_links("events.jsonl nowhere"),
    "events, long": _with_links("events.jsonl long"),
    "page, long": _with_links("dossier.html long"),
    "log, long": _with_links("console.log long"),
    "file, long": _with_links("whatever long"),
    "checks, a pipe": lambda folder, _: os.mkfifo(folder / "checks"),
    "checks, a link": lambda folder, outside: (folder / "checks").symlink_to(outside.parent),
    "results, a long path": lambda folder, _: (folder / ".results.json").write_text(
        f'{{"create_disk": {{"pool": "store", "name": "x", "path": "/{"y" * 300}", '
        '"format": "qcow2", "capacity": 1, "allocation": 1}}'
    ),
}


@pytest.mark.parametrize("put", STRANGE.values(), ids=STRANGE)
def test_what_is_strange_in_a_build_s_folder_hurts_nobody(
    host: Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    put: Callable[[Path, Path], None],
) -> None:
    outside = tmp_path / "outside/file"
    outside.parent.mkdir()
    outside.write_text("somebody's")
    folder = traces(host).folder
    recorded(folder, state="running", pid=4194305, name="centos7", build_id=ID)
    put(folder, outside)
    monkeypatch.setenv("BUILDER_STATE", str(host.settings.state))
    monkeypatch.setenv("BUILDER_URI", host.settings.uri)
    for words, codes in (
        (["builds", "list"], {0}),
        (["builds", "show", ID], {0}),
        (["builds", "log", ID], {0, 2, 4}),
    ):
        assert app.run(words) in codes, f"{words}: {capsys.readouterr().err}"
    assert [each.verdict for each in gc(host)] in (["cleared"], ["left behind"], ["skipped"])
    assert outside.read_text() == "somebody's"
    assert {path.name for path in outside.parent.iterdir()} == {"file"}
    assert not (folder / "nowhere").exists()


def test_a_link_among_builds_keeps_no_volume_from_being_deleted(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.settings.builds.mkdir(parents=True)
    (host.settings.builds / "theirs").symlink_to("y" * 300)
    (host.store_pool.path / "mine.raw").write_bytes(bytes(512))
    pools.notice(host.connection, host.store_pool.name)
    for name in ("BUILDER_STATE", "BUILDER_URI"):
        monkeypatch.setenv(name, str(getattr(host.settings, name[8:].lower())))
    with pytest.raises(UsageError, match="belongs to a build"):
        volumes.delete(
            host.connection,
            host.settings,
            f"{ID}.qcow2",
            pool=host.store_pool.name,
            monitor=SilentMonitor(),
        )


def test_a_record_that_is_no_file_keeps_nobody_waiting(host: Host) -> None:
    folder = traces(host).folder
    folder.mkdir(parents=True)
    os.mkfifo(folder / "build.json")
    assert gc(host) == ()


def test_builds_that_cannot_be_read_are_not_none(host: Host) -> None:
    host.settings.builds.parent.mkdir()
    host.settings.builds.write_text("in the way")
    with pytest.raises(HostError, match="Cannot read"):
        gc(host)


@pytest.mark.parametrize("stray", [False, True])
def test_what_cannot_be_cleared_is_left_behind_and_the_host_s_fault(
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    stray: bool,
) -> None:
    def refuse(_domain: domains.Domain) -> None:
        raise HostError("Cannot remove it.", hint="Mend it.")

    host.settings.builds.mkdir(parents=True)
    define(host, f"builder-centos7-{ID}", traces(host))
    if not stray:
        recorded(traces(host).folder, state="done")
    monkeypatch.setattr(domains, "remove", refuse)
    monitor = Heard()
    [found] = collect_garbage(host, kept=False, dry_run=False, monitor=monitor)
    assert (found.build_id, found.verdict) == (ID, "left behind")
    told = f"something of {ID} is left behind: Cannot remove it. Mend it."
    assert monitor.told == [("warning", told, {})]
    monkeypatch.setattr("builder.host.host.open_host", lambda *_: nullcontext(host))
    assert app.run(["gc"]) == HostError.exit_code
    said = capsys.readouterr()
    assert "left behind" in said.out
    assert "hint: The warnings say why" in said.err
    assert app.run(["gc", "--dry-run"]) == 0


@pytest.mark.parametrize("error", [HostError("It is full."), OSError("It is full.")])
def test_a_build_that_is_cleared_is_so_whatever_its_record_says(
    host: Host, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    recorded(traces(host).folder, state="running")
    disk = host.store_pool.path / f"{ID}.qcow2"
    disk.touch()
    monkeypatch.setattr(Journal, "finish", refuse)
    monitor = Heard()
    [found] = collect_garbage(host, kept=True, dry_run=False, monitor=monitor)
    assert (found.verdict, disk.exists()) == ("cleared", False)
    said = f"{ID} is cleared, which its record does not say: It is full."
    assert [text for kind, text, _at in monitor.told if kind == "warning"] == [said]
