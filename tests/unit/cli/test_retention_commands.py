"""builder builds prune, pipeline prune and pipeline runs, as they are typed."""

import json
from pathlib import Path

import pytest

from builder.cli import app
from builder.monitor import SilentMonitor
from builder.record.runs import runs
from tests.nights import GOLDEN, NIGHTLY, nights
from tests.users import as_a_user
from tests.values import recorded


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state folder's runs/, with four nights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path / "state"))
    nights(tmp_path / "state/runs", images=5, nights=4)
    return tmp_path / "state/runs"


@pytest.mark.parametrize("what", ["builds", "pipeline"])
@pytest.mark.parametrize(
    "words",
    [
        ["--keep", "-1"],
        ["--keep", "many"],
        ["--keep", "1000000000"],
        ["--keep-failures", "-1"],
        ["--keep-failures", "1e9"],
        ["--keep-failures", "9999999"],
        ["nobody-knows-it"],
        ["."],
        ["/"],
        ["one", "two"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_removes_nothing(place: Path, what: str, words: list[str]) -> None:
    before = sorted(place.rglob("*"))
    assert app.run([what, "prune", *words]) == 2
    assert sorted(place.rglob("*")) == before


def test_a_pipeline_keeps_one_run_at_least() -> None:
    assert app.run(["pipeline", "prune", "--keep", "0"]) == 2


def test_runs_are_listed_newest_first(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    every = runs(place, monitor=SilentMonitor())[::-1]
    assert app.run(["pipeline", "runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[0].split()) == "RUN PIPELINE STATE BEGAN (UTC) TOOK BUILT KEPT FAILED"
    assert [line.split()[:2] for line in lines[1:]] == [[x.run_id, x.pipeline] for x in every]


def test_runs_of_a_pipeline_by_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["pipeline", "runs", f"pipelines/{GOLDEN}.toml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["pipeline"] for each in found] == [GOLDEN] * 4
    assert found[0].keys() >= {"run_id", "state", "began", "seconds", "published", "failed", "path"}


def test_old_runs_go_and_what_that_freed_is_said(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    asked = ["pipeline", "prune", NIGHTLY, "--keep", "1", "--keep-failures", "0"]
    assert app.run([*asked, "--dry-run", "--json"]) == 0
    would = {x["path"] for x in json.loads(capsys.readouterr().out) if not x["kept"]}
    assert would
    assert len(runs(place, monitor=SilentMonitor())) == 8
    assert app.run(asked) == 0
    out = capsys.readouterr().out
    assert f"{len(would)} of 4 gone, " in out
    assert not any(Path(each).exists() for each in would)
    assert len(runs(place, monitor=SilentMonitor())) == 8 - len(would)


def test_without_a_record_there_is_nothing_to_ask_libvirt(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BUILDER_URI", "nobody:///there")
    assert app.run(["builds", "prune"]) == 0
    assert "There are no records." in capsys.readouterr().out
    folder = tmp_path / "state/builds/centos7/20200307T100000-0123abcd"
    recorded(folder, home=str(folder), state="failed", ended="2020-03-07T11:00:00Z")
    assert app.run(["builds", "prune", "--keep", "1"]) == 0
    assert app.run(["builds", "prune", "--keep", "0"]) == 4
    assert folder.exists()


def test_what_could_not_be_removed_is_an_error_after_all_others(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    with as_a_user(place):
        (place / GOLDEN).chmod(0o500)
        code = app.run(["pipeline", "prune", "--keep", "1", "--keep-failures", "0"])
    captured = capsys.readouterr()
    assert code == 4
    assert "could not be looked at or removed" in captured.err
    assert "not removed: Cannot remove" in captured.out
    assert len(runs(place, GOLDEN, monitor=SilentMonitor())) == 4
    assert len(runs(place, NIGHTLY, monitor=SilentMonitor())) < 4
