"""What the steps of a build took, when another process goes on with it."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builder.record.checkpoint import Checkpoint
from builder.record.times import Times

LATER = timedelta(seconds=300)


def killed(folder: Path) -> Checkpoint:
    """Return what a process has kept that was killed in its second step."""
    checkpoint = Checkpoint(folder)
    times = Times(checkpoint)
    times.begin("create_disk")
    times.end("create_disk", "Creating the disk", 7)
    times.begin("run_installation")
    return Checkpoint.read(folder)


def test_a_step_that_went_on_by_itself_took_as_long_as_it_was_heard_of(tmp_path: Path) -> None:
    checkpoint = killed(tmp_path)
    times = Times(checkpoint)
    times.resume(heard=datetime.now(UTC) + LATER)
    times.begin("run_installation")
    times.end("run_installation", "Installing", 7)
    times.begin("compress_disk")
    times.end("compress_disk", "Compressing", 7)
    assert [each.step for each in times.steps] == ["Creating the disk", "Installing", "Compressing"]
    first, second, third = (round(each.seconds / LATER.total_seconds()) for each in times.steps)
    assert (first, second, third) == (0, 1, 0)


def test_and_so_it_does_for_who_comes_third(tmp_path: Path) -> None:
    times = Times(killed(tmp_path))
    times.resume(heard=datetime.now(UTC) + LATER)
    times.begin("run_installation")
    again = Times(Checkpoint.read(tmp_path))
    again.resume(heard=datetime.now(UTC))
    again.begin("run_installation")
    again.end("run_installation", "Installing", 7)
    assert again.steps[-1].seconds == pytest.approx(300, abs=30)


@pytest.mark.parametrize("heard", [None, datetime.fromtimestamp(0, UTC)])
def test_a_clock_that_went_back_takes_nothing_away(tmp_path: Path, heard: datetime | None) -> None:
    times = Times(killed(tmp_path))
    times.resume(heard=heard)
    times.begin("run_installation")
    times.end("run_installation", "Installing", 7)
    assert 0 <= times.steps[-1].seconds < LATER.total_seconds()


def test_times_of_another_shape_are_none(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.keep({"begun": {"step": 7}, "times": []})
    times = Times(checkpoint)
    times.resume(heard=datetime.fromtimestamp(time.time(), UTC))
    assert times.steps == ()
