"""What a run leaves on the disk, also when it does not come to its end."""

import shutil
from pathlib import Path

import msgspec
import pytest

from builder.errors import HostError
from builder.record import runs
from builder.record.runs import Outcome

JOBS = ("a", "b")
A = Outcome(name="a", result="unchanged", seconds=1, version="20261128.1")
B = Outcome(name="b", result="failed", seconds=2, error="It broke.", exit_code=7)


def left(folder: Path) -> runs.Run:
    """Return the only run whose record is in the folder."""
    [path] = folder.iterdir()
    run = msgspec.json.decode(path.read_bytes(), type=runs.Run)
    assert path.name == f"{run.run_id}.json"
    return run


def test_a_run_leaves_a_record(tmp_path: Path) -> None:
    with runs.recorded(tmp_path, "night", jobs=JOBS, others=["c"]) as run:
        run.add(A)
        run.add(B)
    kept = left(tmp_path / "night")
    assert (kept.pipeline, kept.jobs, kept.outcomes) == ("night", ("a", "b"), (A, B))
    assert kept.others == ("c",)
    assert kept.began <= kept.ended


def test_a_killed_run_tells_how_far_it_came(tmp_path: Path) -> None:
    with runs.recorded(tmp_path, "night", jobs=JOBS) as run:
        run.add(A)
        shutil.copytree(tmp_path / "night", tmp_path / "then")
    kept = left(tmp_path / "then")
    assert (kept.outcomes, kept.ended) == ((A,), "")


def test_an_interrupted_run_has_ended(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), runs.recorded(tmp_path, "night", jobs=JOBS):
        raise KeyboardInterrupt
    assert left(tmp_path / "night").ended


def test_a_disk_that_fills_up_stops_no_build(tmp_path: Path) -> None:
    with runs.recorded(tmp_path, "night", jobs=JOBS) as run:
        shutil.rmtree(tmp_path / "night")
        run.add(A)
        assert str(tmp_path / "night") in run.end()
        (tmp_path / "night").mkdir()
        assert not run.end()
    assert left(tmp_path / "night").outcomes == (A,)


@pytest.mark.parametrize("name", ["..", "\udcff"])
def test_a_pipeline_may_be_called_anything(tmp_path: Path, name: str) -> None:
    with runs.recorded(tmp_path, name, jobs=JOBS):
        pass
    assert left(tmp_path / "pipeline").jobs == ("a", "b")


def test_a_record_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "night").touch()
    with (
        pytest.raises(HostError, match="Cannot write to"),
        runs.recorded(tmp_path, "night", jobs=JOBS),
    ):
        pytest.fail("must not get here")
