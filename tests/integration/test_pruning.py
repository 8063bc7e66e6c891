"""Old records go, as it is typed: with others at work, killed on the way, a disk away."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from killing import kill_at
from small_media import call
from store_pools import issue, printed, typed_at

from builder import files
from builder.monitor import SilentMonitor
from builder.recipes.pruning import prune_builds
from builder.record.listing import builds
from builder.record.retention import Retention
from builder.record.retention_runs import prune_runs
from builder.record.runs import runs
from tests.hosts import driven
from tests.nights import NIGHTLY, nights
from tests.values import recorded

NONE = Retention(keep=0, failure_days=0)
OLD, NEW = (f"2020032{day}T100000-0123abcd" for day in (7, 8))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("BUILDER_ISO_POOL_PATH", str(tmp_path / "iso"))
    return tmp_path / "state"


def record(place: Path, its: str, /, **content: object) -> Path:
    """Make the record of a build that failed long ago, with all that a build may write."""
    folder = place / "builds" / "centos7" / its
    recorded(folder, **({"home": str(folder), "state": "failed", "ended": its[:8]} | content))
    for name in ("events.jsonl", "console.log", "screens/0001-1s.png", "audit/screens/0001-1s.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0123456789")
    return folder


@contextmanager
def disk(image: Path, where: Path) -> Iterator[None]:
    call("mount", "-o", "loop", image, where)
    try:
        yield
    finally:
        call("umount", where)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_pool_that_is_away_costs_no_template_its_record(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    call("mkfs.ext4", "-q", image)
    prune = ("builds", "prune", "--keep", "0", "--keep-failures", "0")
    with typed_at(tmp_path, monkeypatch) as store:
        with disk(image, store):
            template = issue(store, OLD)
            folder = record(state, OLD, state="done", version=template.version)
            (folder / template.path.name).symlink_to(template.path)
            record(state, NEW, state="done")  # so that the first is not the last good one
            assert "its template is in the store pool; centos7-" in told(capsys, *prune)
        for _night in range(2):
            assert "its pool's disk may be away" in told(capsys, *prune)
        store.rmdir()
        away = f"The folder of the pool store, {store}, is away"
        assert f"nobody can tell what there is of it: {away}" in told(capsys, *prune)
        assert (folder / "console.log").exists()
        store.mkdir()
        with disk(image, store):
            assert "its template is in the store pool" in told(capsys, *prune)
            printed(capsys, "template", "delete", f"centos7@{template.version}", "--force")
            assert "1 of 2 gone" in told(capsys, *prune)
        assert not folder.exists()


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    return printed(capsys, *argv)


def hold(path: Path, held: Event) -> None:
    with files.locked(path):
        held.set()
        signal.pause()


@contextmanager
def somebody_at(path: Path) -> Iterator[BaseProcess]:
    """Let another process have a folder for the block."""
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    process = spawn.Process(target=hold, args=(path, held))
    process.start()
    held.wait()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_what_another_process_is_at_is_left(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, other = record(state, OLD), record(state, NEW)
    prune = ("builds", "prune", "--keep", "0", "--keep-failures", "0", "--json")
    with typed_at(tmp_path, monkeypatch):
        with somebody_at(folder):
            found = {each["build_id"]: each["kept"] for each in json.loads(told(capsys, *prune))}
            assert found == {NEW: [], OLD: ["a process is at it"]}
        assert folder.exists()
        assert not other.exists()
        told(capsys, *prune)
        assert not folder.exists()


def test_a_run_of_another_process_is_left(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [*_older, last] = nights(state / "runs", images=5, nights=4)
    prune = ("pipeline", "prune", NIGHTLY, "--keep", "1", "--keep-failures", "0")
    known = {each.run_id for each in runs(state / "runs", NIGHTLY, monitor=SilentMonitor())}
    [killed] = [each for each in known if not _ended(state, each)]
    assert killed != last.run_id
    with somebody_at(state / "runs" / NIGHTLY):
        assert "a run goes on" in told(capsys, *prune)
        assert "running" in told(capsys, "pipeline", "runs", NIGHTLY)
    assert (state / "runs" / NIGHTLY / f"{killed}.json").exists()
    assert "killed" in told(capsys, "pipeline", "runs", f"pipelines/{NIGHTLY}.toml")


def _ended(state: Path, run_id: str) -> bool:
    return bool(json.loads((state / "runs" / NIGHTLY / f"{run_id}.json").read_text())["ended"])


def prune_all(place: Path) -> None:
    with driven(place) as host:
        prune_builds(host.settings, rule=NONE, monitor=SilentMonitor())


POINTS = [
    ("os.remove", "console.log$"),
    ("os.remove", "events.jsonl$"),
    ("os.rmdir", "screens$"),
    ("os.rmdir", "audit$"),
    ("os.remove", "build.json$"),
    ("os.rmdir", f"{OLD}$"),
    ("os.remove", f"^{OLD}$"),
]
"""The last is the link in artifacts, which is removed by its folder's handle."""


@pytest.mark.parametrize("point", POINTS, ids=" ".join)
def test_a_killed_prune_is_finished_by_the_next(tmp_path: Path, point: tuple[str, str]) -> None:
    with driven(tmp_path) as host:
        folder = record(host.settings.state, OLD)
        links = tmp_path / "artifacts" / "centos7"
        links.mkdir(parents=True)
        (links / OLD).symlink_to(folder)
    kill_at(point, prune_all, tmp_path)
    assert folder.exists()
    known = builds(folder.parent.parent, monitor=SilentMonitor())
    assert [each.folder for each in known] == ([] if point[1].startswith(OLD) else [folder])
    assert (links / OLD).is_symlink() == (point[1][0] == "^")
    prune_all(tmp_path)
    assert [*folder.parent.iterdir(), *links.iterdir()] == []


def prune_both(place: Path) -> None:
    prune_all(place)
    rule = Retention(keep=3, failure_days=0)
    prune_runs(place / "state" / "runs", rule=rule, monitor=SilentMonitor())


def test_killed_at_random_and_run_again_leaves_what_one_prune_leaves(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)  # noqa: S311  # no secret
    print(f"seed {seed}")  # noqa: T201  # of a failure
    chance = random.Random(seed)  # noqa: S311
    left = []
    for place in (tmp_path / "killed", tmp_path / "undisturbed"):
        with driven(place) as host:
            state = host.settings.state
        for number in range(60):
            good = {"state": "done"} if number == 20 else {}
            record(state, f"202003{number % 28 + 1:02}T10{number:02}00-0123abcd", **good)
        nights(state / "runs", images=6, nights=40)
        if place.name == "killed":
            assert -signal.SIGKILL in [_kill_sometime(place, chance) for _time in range(5)]
        prune_both(place)
        left.append(sorted(str(x.relative_to(state)) for x in state.rglob("*") if x.is_file()))
        assert len([*(state / "builds" / "centos7").iterdir()]) == 1
    assert left[0] == left[1]


def _kill_sometime(place: Path, chance: random.Random) -> int | None:
    """Kill a prune when it has removed some records more; return how it ended."""
    some = _records(place) - chance.randrange(12)
    process = multiprocessing.get_context("spawn").Process(target=prune_both, args=(place,))
    process.start()
    while process.is_alive() and _records(place) > some:
        time.sleep(0.0005)
    process.kill()
    process.join()
    return process.exitcode


def _records(place: Path) -> int:
    return sum("build.json" in names for _folder, _folders, names in os.walk(place / "state"))
