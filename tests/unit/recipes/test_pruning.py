"""Old records of builds go; what tells of something that is there, or may be, stays."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.cli import app
from builder.errors import UsageError
from builder.files import locked
from builder.host.host import Host
from builder.monitor import SilentMonitor
from builder.recipes import pruning
from builder.recipes.pruning import Pruned, prune_builds
from builder.record.builds import opened
from builder.record.listing import builds
from builder.record.retention import Retention
from builder.record.retention_files import contents
from tests.hosts import driven
from tests.users import as_a_user
from tests.values import manifest, recorded

NEW, OLD, OLDEST = (f"2020032{day}T100000-0123abcd" for day in (8, 7, 6))
NONE = Retention(keep=0, failure_days=0)
WRITTEN = (
    "events.jsonl",
    "console.log",
    "console.log.0",
    "console.txt",
    "virtio.log",
    "result.log",
    "installer.log",
    "clone-a.log",
    "clone-b-report.log",
    "clone-a.png",
    "screenshot.ppm",
    "kickstart.ks",
    "domain.xml",
    "manifest.json",
    "audit.json",
    "clones.json",
    "dossier.html",
    "centos7-20200327.1.qcow2.intoto.jsonl",
    ".results.json",
    ".build.json.builder-ab_d3f9h.part",
    "screens/0001-3s.png",
    "audit/console.log",
    "audit/screens/0007-31s.png",
    "audit/screens/.0007-31s.png.builder-ab_d3f9h.part",
    "user-checks/any/thing.sh",
)
"""What builds write, as far as it is not always there."""
OTHERS = (
    "notes.txt",
    "console.log.bak",
    "console.log~",
    ".console.log.swp",
    "build.json.orig",
    "screens/why.png",
    "screens/notes/0001-3s.png",
    "audit/dossier.html",
    "audit/user-checks/x",
    "more/console.log",
    "audit.json.part",
)
"""What people may have put there."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with driven(tmp_path) as opened:
        yield opened


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0123456789")


def record(host: Host, its: str = OLD, name: str = "centos7", /, **content: Any) -> Path:  # noqa: ANN401  # JSON
    """Make the record of a build that failed long ago, unless something else is said."""
    folder = host.settings.builds / name / its
    ended = f"{its[:4]}-{its[4:6]}-{its[6:8]}T11:00:00Z"
    recorded(folder, **({"home": str(folder), "state": "failed", "ended": ended} | content))
    put(folder, "console.log")
    return folder


def prune(
    host: Host, name: str = "", rule: Retention = NONE, *, dry_run: bool = False
) -> list[Pruned]:
    return [*prune_builds(host.settings, name, rule=rule, dry_run=dry_run, monitor=SilentMonitor())]


def kept(host: Host) -> str:
    """Return why the only record stays, which must stay."""
    [found] = prune(host)
    assert not found.error
    assert found.folder.exists()
    [why] = found.kept
    return why


@pytest.mark.parametrize("state", ["failed", "interrupted", "cleared"])
def test_what_has_ended_goes(host: Host, state: str) -> None:
    folder = record(host, state=state)
    [would] = prune(host, dry_run=True)
    assert (would.build_id, would.state, would.kept, would.folder) == (OLD, state, (), folder)
    assert would.size == sum(each.stat().st_size for each in folder.iterdir())
    assert folder.exists()
    assert prune(host) == [would]
    assert not folder.exists()
    assert prune(host) == []


def test_all_that_builds_write_goes(host: Host) -> None:
    folder = record(host)
    put(folder, *WRITTEN)
    prune(host)
    assert not folder.exists()


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_build_has_written_stays_and_all_with_it(host: Host, name: str) -> None:
    folder = record(host)
    put(folder, *WRITTEN, name)
    before = sorted(folder.rglob("*"))
    assert "no build has written" in kept(host)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["console.log", "screens", "events.jsonl", "more.txt"])
def test_a_link_in_it_is_somebodys(host: Host, tmp_path: Path, name: str) -> None:
    folder = record(host)
    (folder / "console.log").unlink()
    put(tmp_path / "mine", "console.log")
    (folder / name).symlink_to(tmp_path / "mine")
    assert f"no build has written {name}" in kept(host)


@pytest.mark.parametrize("state", ["running", "stopped", "", "dreaming"])
def test_what_has_not_ended_stays(host: Host, state: str) -> None:
    record(host, state=state)
    wanted = {"running": "killed", "stopped": "it can go on"}.get(state, "is not known here")
    assert wanted in kept(host)


def test_what_somebody_is_at_stays(host: Host) -> None:
    running, failed = record(host, state="running"), record(host, OLDEST)
    with locked(running), locked(failed):
        for dry_run in (True, False):
            found = [each.kept for each in prune(host, dry_run=dry_run)]
            assert found == [("it runs",), ("a process is at it",)]
    assert failed.exists()


def test_what_changes_meanwhile_stays(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = record(host)
    every = builds(host.settings.builds, monitor=SilentMonitor())
    shutil.rmtree(folder)
    record(host, state="running")
    monkeypatch.setattr(pruning, "builds", lambda *_words, **_more: every)
    assert kept(host) == "a process is at it"


@pytest.mark.parametrize("when", ["locked", "opened"])
def test_what_another_prune_removes_is_gone(
    host: Host, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    folder = record(host)
    known: dict[str, Callable[..., Any]] = {"locked": locked, "opened": opened}
    before = known[when]

    def removed(*words: Any, **more: Any) -> Any:  # noqa: ANN401
        shutil.rmtree(folder)
        return before(*words, **more)

    target = "builder.files.locked" if when == "locked" else "builder.recipes.pruning.opened"
    monkeypatch.setattr(target, removed)
    [found] = prune(host)
    assert (found.kept, found.error) == ((), "")
    assert not [*folder.parent.iterdir()]


def test_each_template_is_counted_by_itself(host: Host) -> None:
    for name in ("centos7", "rocky9"):
        for build_id in (NEW, OLD, OLDEST):
            record(host, build_id, name)
    two = Retention(keep=2, failure_days=0)
    assert [(x.name, x.build_id) for x in prune(host, "rocky9", two) if not x.kept] == [
        ("rocky9", OLDEST)
    ]
    assert [(x.name, x.build_id) for x in prune(host, rule=two) if not x.kept] == [
        ("centos7", OLDEST)
    ]


def test_the_last_good_one_stays_though_its_template_is_gone(host: Host) -> None:
    for build_id in (OLD, OLDEST):
        record(host, build_id, state="done", version=f"{build_id[:8]}.1")
    record(host, NEW)
    found = {each.build_id: each.kept for each in prune(host)}
    assert found == {NEW: (), OLD: ("the last good one",), OLDEST: ()}


def publish(host: Host, build_id: str) -> Path:
    """Put a manifest into the store pool; an image may be away."""
    record = manifest(build_id=build_id, version="20200327.1")
    path = host.store_pool.path / "centos7-20200327.1.json"
    path.write_bytes(msgspec.json.encode(record))
    return path


@pytest.mark.parametrize(
    ("state", "version"),
    [("done", "20200327.1"), ("failed", "")],
    ids=["published", "failed as soon as it was published"],
)
def test_the_record_of_a_template_stays(host: Host, state: str, version: str) -> None:
    record(host, state=state, version=version)
    record(host, NEW, state="done")
    path = publish(host, OLD)
    assert prune(host)[1].kept == ("its template is in the store pool",)
    path.unlink()
    assert prune(host)[1].kept == ()


def test_the_record_of_a_template_with_a_damaged_manifest_stays(host: Host) -> None:
    record(host, state="done", version="20200327.1")
    record(host, NEW, state="done")
    publish(host, OLD).write_text("{")
    assert prune(host)[1].kept == ("its template is in the store pool",)


def test_nothing_goes_while_the_store_pool_cannot_be_read(host: Host) -> None:
    record(host, state="done", version="20200327.1")
    record(host, OLDEST)
    record(host, NEW, state="done")
    host.store_pool.path.rmdir()
    assert ["nobody can tell" in str(each.kept) for each in prune(host)[1:]] == [True] * 2
    host.store_pool.path.mkdir()
    assert [each.kept for each in prune(host)[1:]] == [(), ()]


@pytest.mark.parametrize("make", [Path.hardlink_to, Path.symlink_to])
def test_a_record_with_a_link_to_its_image_stays(
    host: Host, make: Callable[[Path, Path], None]
) -> None:
    folder = record(host)
    image = host.store_pool.path / "centos7-20200327.1.qcow2"
    image.write_text("an image")
    make(folder / image.name, image)
    assert kept(host) == f"{image.name} is there"
    assert prune(host)[0].size < (folder / "build.json").stat().st_size + 11


def test_a_link_that_leads_nowhere_may_lead_to_a_disk_that_is_away(host: Host) -> None:
    folder = record(host)
    (folder / "centos7-20200327.1.qcow2").symlink_to("/mnt/away/centos7-20200327.1.qcow2")
    assert "its pool's disk may be away" in kept(host)


@pytest.mark.parametrize(
    "name", [f"{OLD}.qcow2", f".{OLD}.candidate", f".{OLD}.key.iso", f"builder-check-a-{OLD}.qcow2"]
)
def test_a_record_by_which_something_on_the_host_is_known_stays(host: Host, name: str) -> None:
    record(host)
    (host.store_pool.path / name).touch()
    assert "gc --kept" in kept(host)


def test_what_is_a_copy_or_another_s_stays(host: Host, tmp_path: Path) -> None:
    copy = record(host, home=str(record(host, OLDEST, "elsewhere")))
    odd = record(host, NEW, build_id=OLDEST)
    (tmp_path / "mine").mkdir()
    record(host, OLD, "rocky9").rename(tmp_path / "mine" / OLD)
    link = host.settings.builds / "rocky9" / OLD
    link.symlink_to(tmp_path / "mine" / OLD)
    why = {each.folder: str(each.kept) for each in prune(host)}
    assert "no more than a copy" in why[copy]
    assert "is not that of the build" in why[odd]
    assert "is a link" in why[link]
    assert (tmp_path / "mine" / OLD / "console.log").exists()


def test_its_link_goes_as_well_and_nothing_else_of_that_name(host: Host) -> None:
    place = host.settings.artifacts
    assert place
    (place / "centos7").mkdir(parents=True)
    (place / "centos7" / OLD).symlink_to(record(host))
    (place / "centos7" / NEW).symlink_to("/somewhere")
    put(place / "centos7" / OLDEST, "mine")
    for build_id in (NEW, OLDEST):
        record(host, build_id)
    prune(host)
    left = os.listdir(place / "centos7")  # noqa: PTH208  # names, of a broken link as well
    assert sorted(left) == [OLDEST, NEW]
    assert (place / "centos7" / OLDEST / "mine").exists()


def test_a_link_that_cannot_be_removed_keeps_the_record_whole(host: Host, tmp_path: Path) -> None:
    place = host.settings.artifacts
    assert place
    folder = record(host)
    (place / "centos7").mkdir(parents=True)
    (place / "centos7" / OLD).symlink_to(folder)
    with as_a_user(tmp_path):
        (place / "centos7").chmod(0o500)
        [found] = prune(host)
        assert "Cannot remove the link" in found.error
        assert (folder / "console.log").exists()


def test_what_cannot_be_removed_is_told_and_the_others_go_on(host: Host, tmp_path: Path) -> None:
    closed, other = record(host), record(host, OLDEST)
    put(closed, "screens/0001-1s.png")
    with as_a_user(tmp_path):
        (closed / "screens").chmod(0o500)
        found = {each.build_id: each.error for each in prune(host)}
    assert "Cannot remove" in found[OLD]
    assert found[OLDEST] == ""
    assert (closed / "build.json").exists()
    assert not other.exists()


def test_what_only_looks_like_a_record_is_left(host: Host) -> None:
    place = host.settings.builds / "centos7"
    put(place, "README", f"{OLD}/console.log", f"{NEW}/build.json")
    assert prune(host) == []
    assert len([*place.rglob("*")]) == 5


def test_a_killed_prune_is_finished(host: Host) -> None:
    """Its last step removes the folder: one without a record is left, if it was killed before."""
    hollow = host.settings.builds / "centos7" / OLD
    young = hollow.with_name(f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-0123abcd")
    for each in (hollow, young, hollow.with_name("mine")):
        each.mkdir(parents=True)
    prune(host, dry_run=True)
    assert hollow.exists()
    prune(host)
    assert not hollow.exists()
    assert young.exists()  # a build may just begin
    assert hollow.with_name("mine").exists()


def test_what_is_put_there_meanwhile_stays(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = record(host)
    known = contents(folder)
    put(folder, "notes.txt")
    monkeypatch.setattr("builder.record.retention_files.contents", lambda _folder: known)
    [found] = prune(host)
    assert found.error == f"{folder / 'notes.txt'} is new. Move it elsewhere."
    assert {each.name for each in folder.iterdir()} == {"build.json", "notes.txt"}


def test_a_name_that_nobody_knows(host: Host) -> None:
    with pytest.raises(UsageError, match="There is no build of 'rocky9'") as caught:
        prune(host, "rocky9")
    assert caught.value.hint == "There are none at all."
    record(host)
    with pytest.raises(UsageError) as caught:
        prune(host, "centso7")
    assert caught.value.hint == "Did you mean centos7?"


STATES = st.sampled_from(["done", "failed", "interrupted", "cleared", "running", "stopped", "odd"])


@given(st.lists(STATES, max_size=8), st.integers(0, 3), st.sampled_from([0, 9000]))
@settings(deadline=None, max_examples=40)
def test_what_must_stay_stays_on_the_disk(
    tmp_path_factory: pytest.TempPathFactory, states: list[str], keep: int, days: int
) -> None:
    with driven(tmp_path_factory.mktemp("host")) as host:
        folders = [
            record(host, f"202003{day:02}T100000-0123abcd", state=state)
            for day, state in enumerate(states, start=1)
        ]
        prune(host, rule=Retention(keep=keep, failure_days=days))
        there = [each.exists() for each in folders]
    ended = ["failed", "interrupted", "cleared"]
    assert all(is_there for is_there, state in zip(there, states, strict=True) if state in OPEN)
    if "done" in states:
        assert there[len(states) - 1 - states[::-1].index("done")]
    if days:
        assert all(x for x, state in zip(there, states, strict=True) if state in ended)
    old = [x for x, state in zip(there, states, strict=True) if state not in OPEN]
    assert all(old[max(len(old) - keep, 0) :])


OPEN = ("running", "stopped", "odd")


def test_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with driven(tmp_path) as host:
        record(host, NEW, state="done")
        folder = record(host)
        monkeypatch.setattr("builder.config.load", lambda **_: host.settings)
        asked = ["builds", "prune", "--keep", "1", "--keep-failures", "1"]
        size = sum(each.stat().st_size for each in folder.iterdir())
        assert app.run([*asked, "--dry-run"]) == 0
        assert app.run(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("B  ")[2] for line in lines if not line.startswith("BUILD")] == [
        "stays: one of the newest 1; the last good one",
        "would go",
        f"1 of 2 would go, {size} B.",
        "stays: one of the newest 1; the last good one",
        "gone",
        f"1 of 2 gone, {size} B freed.",
    ]
    assert not folder.exists()
