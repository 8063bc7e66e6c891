"""Records of runs are read whatever else is in their folders."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder.errors import HostError
from builder.files import inside, locked
from builder.monitor import SilentMonitor
from builder.paths.reading import read_data
from builder.record.readable import readable
from builder.record.run_list import lines
from builder.record.runs import Run, runs
from tests.monitors import Heard
from tests.nights import GOLDEN, NIGHTLY, nights
from tests.users import as_a_user

ODD = "20261129T023000-0123abcd.json"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    nights(tmp_path / "runs", images=5, nights=4)
    return tmp_path / "runs"


def read(place: Path, pipeline: str = "") -> tuple[tuple[Run, ...], list[str]]:
    """Return the runs, and what is told of the rest."""
    monitor = Heard()
    found = runs(place, pipeline, monitor=monitor)
    assert {kind for kind, _text, _details in monitor.told} <= {"warning"}
    return found, [text for _kind, text, _details in monitor.told]


def one(place: Path, **changes: object) -> dict[str, Any]:
    """Return what a record holds that would be one under the name ODD."""
    known = runs(place, NIGHTLY, monitor=SilentMonitor())[0]
    found: dict[str, Any] = msgspec.to_builtins(known)
    return found | {"run_id": ODD.removesuffix(".json")} | changes


def as_json(**changes: object) -> Callable[[Path], object]:
    """Return what writes a record with something else in it."""
    return lambda path: path.write_text(json.dumps(one(path.parent.parent, **changes)))


def cyclic(path: Path) -> None:
    path.symlink_to(path.name)


def linked(path: Path) -> None:
    outside = path.parent.parent.parent / "outside.json"
    as_json()(path)
    path.rename(outside)
    path.symlink_to(outside)


def huge(path: Path) -> None:
    as_json()(path)
    os.truncate(path, 1 << 40)


def half(path: Path) -> None:
    as_json()(path)
    os.truncate(path, 300)


NO_RECORDS = [
    pytest.param(half, "Input data was truncated", id="half-written"),
    pytest.param(huge, "larger than 16777216 bytes", id="huge"),
    pytest.param(cyclic, "no plain file", id="a link to itself"),
    pytest.param(linked, "no plain file", id="a link to a record"),
    pytest.param(os.mkfifo, "no plain file", id="a pipe"),
    pytest.param(Path.mkdir, "Is a directory", id="a folder"),
    pytest.param(Path.touch, "Input data was truncated", id="empty"),
    pytest.param(lambda path: path.write_bytes(b"\xff\0"), "malformed", id="bytes"),
    pytest.param(
        lambda path: path.write_text('{"x":' + "[" * 99_999), "nested too deeply", id="deep"
    ),
    pytest.param(lambda path: path.write_text("[]"), "Expected `object`", id="another kind"),
    pytest.param(as_json(schema=2), "another version of builder wrote it, as schema 2", id="newer"),
    pytest.param(as_json(schema=2, jobs=7), "as schema 2", id="newer, and different"),
    pytest.param(as_json(jobs=7), "Expected `array`, got `int`", id="other types"),
    pytest.param(as_json(began="soon"), "does not say when the run began", id="no time"),
    pytest.param(as_json(run_id="other"), "a copy of the record of other", id="another's name"),
    pytest.param(as_json(pipeline=GOLDEN), "a run of golden", id="another pipeline's"),
    pytest.param(as_json(outcomes=[{"name": "x"}]), "missing required field", id="lacking"),
]


@pytest.mark.parametrize(("make", "why"), NO_RECORDS)
def test_what_is_no_record_is_told_and_hides_no_other(
    place: Path, make: Callable[[Path], object], why: str
) -> None:
    before, silent = read(place)
    assert not silent
    make(place / NIGHTLY / ODD)
    found, [told] = read(place)
    assert found == before
    assert why in told
    assert str(place / NIGHTLY / ODD) in told


def test_a_record_of_a_later_version_with_more_in_it_is_read(place: Path) -> None:
    as_json(weather="rain")(place / NIGHTLY / ODD)
    found, silent = read(place, NIGHTLY)
    assert ODD.removesuffix(".json") in [each.run_id for each in found]
    assert not silent


def test_of_many_that_are_no_records_three_are_told(place: Path) -> None:
    for number in range(90):
        (place / NIGHTLY / f"{number:02}.json").touch()
    _found, told = read(place)
    assert len(told) == 4
    assert told[3] == f"left out: 87 more in {place / NIGHTLY}"


@pytest.mark.parametrize("name", [".x.json.builder-0123abcd.part", "notes.txt", ".hidden.json"])
def test_other_files_are_nobodys_business(place: Path, name: str) -> None:
    before, _silent = read(place)
    (place / NIGHTLY / name).touch()
    (place / "README").touch()
    assert read(place) == (before, [])


def test_what_vanishes_meanwhile_is_no_flaw(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = inside(place / GOLDEN)
    listed[0].unlink()
    monkeypatch.setattr("builder.record.readable.files.inside", lambda *_, **__: listed)
    monitor = Heard()
    found = readable(
        place / GOLDEN, lambda path: read_data(path, limit=9**9), monitor=monitor, hint=""
    )
    assert [path for path, _data in found] == listed[1:]
    assert not monitor.told


def test_a_folder_on_another_disk_is_followed(place: Path, tmp_path: Path) -> None:
    before, _silent = read(place)
    (place / NIGHTLY).rename(tmp_path / "elsewhere")
    (place / NIGHTLY).symlink_to(tmp_path / "elsewhere")
    assert read(place) == (before, [])


def test_a_second_way_to_a_folder_counts_nothing_twice(place: Path) -> None:
    before, _silent = read(place)
    (place / "nightly-too").symlink_to(NIGHTLY)
    found, told = read(place)
    assert found == before
    assert all("no more than a copy" in each for each in told[:3])


@pytest.mark.parametrize("target", ["nowhere", "nightly-too"])
def test_a_folder_that_is_away_is_told(place: Path, target: str) -> None:
    before, _silent = read(place)
    (place / "nightly-too").symlink_to(target)
    found, [told] = read(place)
    assert found == before
    assert f"Cannot read {place / 'nightly-too'}" in told
    with pytest.raises(HostError, match="Cannot read"):
        read(place, "nightly-too")


def test_a_closed_folder_hides_no_other(place: Path) -> None:
    with as_a_user(place):
        (place / NIGHTLY).chmod(0)
        found, [told] = read(place)
        assert {each.pipeline for each in found} == {GOLDEN}
        assert "Permission denied" in told
        with pytest.raises(HostError, match="Permission denied"):
            read(place, NIGHTLY)
        place.chmod(0)
        with pytest.raises(HostError, match="Permission denied"):
            read(place)


def test_a_line_says_what_a_run_came_to(place: Path) -> None:
    run = runs(place, NIGHTLY, monitor=SilentMonitor())[-1]
    line = lines(place, NIGHTLY, monitor=SilentMonitor())[0]
    assert (line.run_id, line.state, line.images) == (run.run_id, "ended", len(run.jobs))
    assert line.published + line.unchanged + len(line.failed) == len(run.outcomes)
    assert line.path == place / NIGHTLY / f"{run.run_id}.json"


def test_a_run_without_an_end_goes_on_or_was_killed(place: Path) -> None:
    as_json(ended="", began="2026-12-01T02:30:00Z")(place / NIGHTLY / ODD)
    states = {each.run_id: each.state for each in lines(place, monitor=SilentMonitor())}
    assert states[ODD.removesuffix(".json")] == "killed"
    with locked(place / NIGHTLY):
        states = {each.run_id: each.state for each in lines(place, monitor=SilentMonitor())}
    assert states[ODD.removesuffix(".json")] == "running"
