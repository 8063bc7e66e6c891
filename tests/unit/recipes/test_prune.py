"""Old records of builds go; what tells of something that is there stays."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.cli import app
from builder.files import locked
from builder.host.host import Host
from builder.monitor import SilentMonitor
from builder.recipes.prune import Pruned, prune
from builder.record.listing import builds
from tests.hosts import driven
from tests.values import recorded

NEW, OLD, OLDEST = (f"2026112{day}T100000-0123abcd" for day in (8, 7, 6))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with driven(tmp_path) as opened:
        yield opened


def record(host: Host, its: str = OLD, name: str = "centos7", /, **content: Any) -> Path:  # noqa: ANN401  # JSON
    folder = host.settings.builds / name / its
    recorded(folder, **({"home": str(folder), "state": "done"} | content))
    (folder / "console.log").write_text("0123456789")
    return folder


def pruned(host: Host, name: str = "", *, keep: int = 0, dry_run: bool = False) -> list[Pruned]:
    return [*prune(host, name, keep=keep, dry_run=dry_run, monitor=SilentMonitor())]


@pytest.mark.parametrize("state", ["done", "failed", "interrupted", "cleared"])
def test_what_has_ended_goes(host: Host, state: str) -> None:
    folder = record(host, state=state)
    [would] = pruned(host, dry_run=True)
    assert (would.build_id, would.kept, would.folder) == (OLD, "", folder)
    assert would.size == sum(each.stat().st_size for each in folder.iterdir())
    assert folder.exists()
    assert pruned(host) == [would]
    assert not folder.exists()


@pytest.mark.parametrize("state", ["running", "stopped", ""])
def test_what_has_not_ended_stays(host: Host, state: str) -> None:
    folder = record(host, state=state)
    assert "has not ended" in pruned(host)[0].kept
    assert folder.exists()


def test_what_somebody_is_at_stays(host: Host) -> None:
    running, done = record(host, state="running"), record(host, OLDEST)
    with locked(running), locked(done):
        assert [each.kept for each in pruned(host)] == ["a process is at it"] * 2
    assert running.exists()
    assert done.exists()


def test_the_newest_of_each_template_stay(host: Host) -> None:
    for name in ("centos7", "rocky9"):
        for build_id in (NEW, OLD, OLDEST):
            record(host, build_id, name)
    left = [(each.name, each.build_id) for each in pruned(host, "rocky9", keep=1) if each.kept]
    assert left == [("rocky9", NEW)]
    assert {each.build_id for each in pruned(host, keep=2) if each.kept} == {NEW, OLD}
    assert not (host.settings.builds / "centos7" / OLDEST).exists()


@pytest.mark.parametrize("make", [Path.hardlink_to, Path.symlink_to])
def test_the_record_of_a_template_stays(host: Host, make: Any) -> None:  # noqa: ANN401  # either
    folder = record(host)
    image = host.store_pool.path / "centos7-20261127.1.qcow2"
    image.write_text("an image")
    make(folder / image.name, image)
    assert pruned(host)[0].kept == f"{image.name} is there"
    assert pruned(host)[0].size < folder.joinpath("build.json").stat().st_size + 11
    image.unlink()
    (folder / image.name).unlink()
    assert pruned(host)[0].kept == ""


def test_a_record_by_which_something_on_the_host_is_known_stays(host: Host) -> None:
    folder = record(host, state="failed", kept=True)
    (host.store_pool.path / f"{OLD}.qcow2").write_text("a disk")
    assert "gc --kept" in pruned(host)[0].kept
    assert folder.exists()


def test_what_is_a_copy_or_another_s_stays(host: Host, tmp_path: Path) -> None:
    copy = record(host, home=str(record(host, OLDEST, "elsewhere")))
    odd = record(host, NEW, build_id=OLDEST)
    (tmp_path / "mine").mkdir()
    record(host, OLD, "rocky9").rename(tmp_path / "mine" / OLD)
    (host.settings.builds / "rocky9" / OLD).symlink_to(tmp_path / "mine" / OLD)
    kept = {each.folder: each.kept for each in pruned(host)}
    assert "no more than a copy" in kept[copy]
    assert "is not that of the build" in kept[odd]
    assert "is a link" in kept[host.settings.builds / "rocky9" / OLD]
    assert (tmp_path / "mine" / OLD).exists()


def test_its_link_goes_as_well_and_nothing_else_of_that_name(host: Host) -> None:
    place = host.settings.artifacts
    assert place
    (place / "centos7").mkdir(parents=True)
    (place / "centos7" / OLD).symlink_to(record(host))
    (place / "centos7" / NEW).symlink_to("/somewhere")
    record(host, NEW)
    pruned(host)
    assert os.listdir(place / "centos7") == [NEW]  # noqa: PTH208  # names, of a broken link as well


def test_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with driven(tmp_path) as host:
        record(host, NEW)
        folder = record(host)
        monkeypatch.setattr("builder.host.host.open_host", lambda *_: driven(tmp_path))
        monkeypatch.setenv("BUILDER_STATE", str(host.settings.state))
        assert app.run(["builds", "prune", "--keep", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("B  ")[2] for line in lines[1:]] == [
        "stays: one of the newest 1",
        "gone",
    ]
    assert not folder.exists()


def test_what_vanishes_meanwhile_stops_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that runs replaces its files, and removes its folder where nothing has changed."""
    running, gone, old = record(host, NEW, state="running"), record(host), record(host, OLDEST)
    (running / "build.json.part").write_text("{")
    listed, lstat = builds(host.settings.builds, monitor=SilentMonitor()), Path.lstat
    shutil.rmtree(gone)

    def replaced(path: Path) -> os.stat_result:
        if path.suffix == ".part":
            path.unlink()
        return lstat(path)

    monkeypatch.setattr("builder.recipes.prune.builds", lambda *_words, **_more: listed)
    monkeypatch.setattr(Path, "lstat", replaced)
    assert [(each.folder, bool(each.kept)) for each in pruned(host)] == [
        (running, True),
        (old, False),
    ]
    assert (running.exists(), old.exists()) == (True, False)
