"""Old records of runs go; what is no record, goes on or was well last stays."""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from builder.errors import UsageError
from builder.files import locked
from builder.monitor import SilentMonitor
from builder.record.retention import Retention
from builder.record.retention_runs import PrunedRun, prune_runs
from builder.record.runs import Outcome, Run, runs
from tests.nights import GOLDEN, NIGHTLY, nights
from tests.users import as_a_user

ONE = Retention(keep=1, failure_days=0)
A, B = (Outcome(name=name, result="unchanged", seconds=1) for name in "ab")
BAD = Outcome(name="b", result="failed", seconds=1)


def run(place: Path, day: int, *outcomes: Outcome, **changes: object) -> Path:
    """Write the record of a run on a day of a month long ago."""
    record = Run(
        run_id=f"202003{day:02}T023000-0123abcd",
        pipeline="night",
        jobs=("a", "b"),
        began=f"2020-03-{day:02}T02:30:00Z",
        ended=f"2020-03-{day:02}T02:40:00Z",
        outcomes=outcomes,
    )
    record = replace(record, **changes)
    path = place / record.pipeline / f"{record.run_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(record))
    return path


def prune(
    place: Path, pipeline: str = "", rule: Retention = ONE, *, dry_run: bool = False
) -> tuple[PrunedRun, ...]:
    return prune_runs(place, pipeline, rule=rule, dry_run=dry_run, monitor=SilentMonitor())


def test_old_ones_go(tmp_path: Path) -> None:
    old, new = run(tmp_path, 1, A, B), run(tmp_path, 2, A, B)
    would = prune(tmp_path, dry_run=True)
    assert [(each.path, bool(each.kept)) for each in would] == [(new, True), (old, False)]
    assert would[1].size == old.stat().st_size
    assert prune(tmp_path) == would
    assert [*(tmp_path / "night").iterdir()] == [new]
    assert prune(tmp_path) == would[:1]


def test_the_last_in_which_an_image_was_well_stays(tmp_path: Path) -> None:
    run(tmp_path, 1, A, B)
    well, _gone, new = run(tmp_path, 2, A, B), run(tmp_path, 3, A, BAD), run(tmp_path, 4, A, BAD)
    prune(tmp_path)
    assert sorted((tmp_path / "night").iterdir()) == [well, new]


def test_young_failures_stay_and_killed_runs_are_failures(tmp_path: Path) -> None:
    days = (datetime.now(UTC) - datetime(2020, 3, 2, 12, tzinfo=UTC)).days + 1
    run(tmp_path, 1, A, BAD)
    bad, killed = run(tmp_path, 2, A, BAD), run(tmp_path, 3, A, ended="")
    new = run(tmp_path, 5, A, B)
    found = prune(tmp_path, rule=Retention(keep=1, failure_days=days))
    assert sorted((tmp_path / "night").iterdir()) == [bad, killed, new]
    why = {each.path: each.kept for each in found}
    assert why[bad] == why[killed] == (f"a failure of the last {days} days",)


def test_a_run_that_goes_on_stays(tmp_path: Path) -> None:
    begun, new = run(tmp_path, 1, ended=""), run(tmp_path, 5, A, B)
    with locked(tmp_path / "night"):
        found = prune(tmp_path)
        assert found[1].kept == ("a run goes on, which may be this one",)
        assert begun.exists()
    prune(tmp_path)
    assert not begun.exists()
    assert new.exists()


def test_the_newest_stays_whatever_the_rule_says(tmp_path: Path) -> None:
    new = run(tmp_path, 1, BAD)
    assert prune(tmp_path, rule=Retention(keep=0, failure_days=0))[0].kept == ("the newest",)
    assert new.exists()


def test_pipelines_are_counted_apart(tmp_path: Path) -> None:
    nights(tmp_path, images=5, nights=3)
    prune(tmp_path, GOLDEN)
    kept = [each.pipeline for each in runs(tmp_path, monitor=SilentMonitor())]
    assert kept.count(NIGHTLY) == 3
    assert 1 <= kept.count(GOLDEN) < 3


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    run(tmp_path, 1, A)
    with pytest.raises(UsageError, match="There is no run of 'nihgt'") as caught:
        prune(tmp_path, "nihgt")
    assert caught.value.hint == "Did you mean night?"
    with pytest.raises(UsageError, match="There is no run of") as caught:
        prune(tmp_path / "nowhere", "night")
    assert caught.value.hint == "No pipeline has run yet."
    assert prune(tmp_path / "nowhere") == ()


def test_what_is_no_record_stays(tmp_path: Path) -> None:
    old, _new = run(tmp_path, 1, A, B), run(tmp_path, 2, A, B)
    others = [old.with_name(name) for name in ("notes.txt", "notes.json", ".x.json.part")]
    for each in others:
        each.write_text("mine")
    copy = old.with_name("copy.json")
    copy.write_bytes(old.read_bytes())
    prune(tmp_path)
    assert not old.exists()
    assert all(each.exists() for each in (*others, copy))


def test_what_a_killed_writer_left_goes(tmp_path: Path) -> None:
    left = run(tmp_path, 1, A).with_name(".20200301T023000-0123abcd.json.builder-ab_d3f9h.part")
    left.touch()
    prune(tmp_path, dry_run=True)
    assert left.exists()
    with locked(left):  # somebody writes it
        prune(tmp_path)
        assert left.exists()
    prune(tmp_path)
    assert not left.exists()


def test_a_folder_that_is_a_link_is_left(tmp_path: Path) -> None:
    old = run(tmp_path / "elsewhere", 1, A, B)
    run(tmp_path / "elsewhere", 2, A, B)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/night").symlink_to(tmp_path / "elsewhere/night")
    assert {each.kept for each in prune(tmp_path / "runs")} == {
        ("its folder is a link, or another user's",)
    }
    assert old.exists()


def test_what_cannot_be_removed_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    place = tmp_path / "runs"
    for pipeline in ("closed", "open"):
        for day in (1, 2):
            run(place, day, A, B, pipeline=pipeline)
    with as_a_user(place):
        (place / "closed").chmod(0o500)
        found = {(each.pipeline, bool(each.error)) for each in prune(place) if not each.kept}
        assert found == {("closed", True), ("open", False)}
    assert len(os.listdir(place / "closed")) == 2  # noqa: PTH208
    assert len(os.listdir(place / "open")) == 1  # noqa: PTH208
