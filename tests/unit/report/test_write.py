"""The report's folder: files of ours come and go, others stay."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from builder.cli.app import run as command
from builder.errors import BuilderError, HostError, UsageError
from builder.monitor import SilentMonitor
from builder.paths import targets
from builder.record.runs import Run, folder
from builder.report.write import PRIVATE, SHARED, write
from tests.reports import failed, few, kept, run

_FEW = {"index.html", "feed.xml", "junit.xml", "report.json", "image-alma9.html"}
_FEW |= {"image-rocky9.html", "image-centos7.html"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return keep(tmp_path / "runs", *few())


def keep(place: Path, *runs: Run) -> Path:
    """Write the records of runs."""
    for each in runs:
        path = folder(place, each.pipeline) / f"{each.run_id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(each))
    return place


def report(place: Path, into: Path, mode: int = PRIVATE) -> set[str]:
    """Write the report; return the names of what is then in its folder."""
    write(place, into, mode=mode, monitor=SilentMonitor())
    return {path.name for path in into.iterdir()}


def test_all_files_are_there(place: Path, tmp_path: Path) -> None:
    assert report(place, tmp_path / "a" / "report") == _FEW


@pytest.mark.parametrize(
    ("there", "made", "mode"),
    [(0, PRIVATE, 0o600), (0, SHARED, 0o644), (0o750, PRIVATE, 0o640), (0o755, PRIVATE, 0o644)],
)
def test_who_may_read_it(place: Path, tmp_path: Path, there: int, made: int, mode: int) -> None:
    into = tmp_path / "report"
    if there:
        into.mkdir()
        into.chmod(there)
    report(place, into, made)
    assert into.stat().st_mode & 0o777 == (there or made)
    assert {path.stat().st_mode & 0o777 for path in into.iterdir()} == {mode}


def test_again_and_again(place: Path, tmp_path: Path) -> None:
    into = tmp_path / "report"
    report(place, into)
    identity = json.loads((into / "report.json").read_text())["id"]
    (into / "robots.txt").write_text("mine")
    assert report(place, into) == _FEW | {"robots.txt"}
    assert json.loads((into / "report.json").read_text())["id"] == identity
    assert identity in (into / "feed.xml").read_text()


def test_pages_of_images_that_are_no_more_go(place: Path, tmp_path: Path) -> None:
    into = tmp_path / "report"
    report(place, into)
    (into / "image-mine.html").write_text("mine")
    for path in (place / "golden").iterdir():
        path.unlink()
    assert report(place, into) == _FEW - {"image-centos7.html"} | {"image-mine.html"}


@pytest.mark.parametrize("name", sorted(_FEW))
def test_files_of_others_stay(place: Path, tmp_path: Path, name: str) -> None:
    into = tmp_path / "report"
    into.mkdir()
    (into / name).write_text("{}")
    with pytest.raises(UsageError, match="would be replaced"):
        report(place, into)
    assert {path.name: path.read_text() for path in into.iterdir()} == {name: "{}"}


def _claim(*names: str) -> str:
    return json.dumps({"generator": "builder", "files": ["report.json", *names]})


@pytest.mark.parametrize(
    "name", ["../outside.html", "other.html", "image-a%2f.html", ".profile", "/etc/motd"]
)
def test_a_list_that_was_forged_removes_nothing_else(
    place: Path, tmp_path: Path, name: str
) -> None:
    into = tmp_path / "report"
    into.mkdir()
    (into / "report.json").write_text(_claim(name))
    inside = into / name
    if not inside.exists():
        inside.write_text("mine")
    report(place, into)
    assert inside.exists()


def _link(path: Path) -> None:
    (path.parent / "away").write_text("mine")
    path.symlink_to("away")


@pytest.mark.parametrize("make", [_link, Path.mkdir, os.mkfifo])
def test_what_is_no_plain_file_is_neither_replaced_nor_removed(
    place: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    into = tmp_path / "report"
    into.mkdir()
    make(into / "image-gone.html")
    make(into / "index.html") if make is not _link else (into / "index.html").symlink_to("away")
    (into / "report.json").write_text(_claim("image-gone.html", "index.html"))
    with pytest.raises(HostError, match="not a file of ours"):
        report(place, into)
    assert os.path.lexists(into / "image-gone.html")
    assert not (into / "away").exists() or (into / "away").read_text() == "mine"


def test_a_report_that_was_cut_off_is_written_anew(place: Path, tmp_path: Path) -> None:
    into = tmp_path / "report"
    report(place, into)
    for name in ("index.html", "image-alma9.html"):
        (into / name).unlink()
    assert report(place, into) == _FEW


def _file(into: Path) -> None:
    into.touch()


def _store(into: Path) -> None:
    into.mkdir()
    (into / targets.STORE).touch()


@pytest.mark.parametrize("make", [_file, _store])
def test_folders_that_cannot_be_a_reports(
    place: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "report")
    with pytest.raises(UsageError) as raised:
        report(place, tmp_path / "report")
    assert raised.value.hint == "Name another folder."


@pytest.mark.parametrize("text", ["", "[]", '{"generator": 1}', '{"files": ["index.html"]}'])
def test_a_json_of_others_is_no_list_of_ours(place: Path, tmp_path: Path, text: str) -> None:
    into = tmp_path / "report"
    into.mkdir()
    (into / "report.json").write_text(text)
    with pytest.raises(BuilderError, match=r"report\.json is no file"):
        report(place, into)


def test_dossiers_that_are_there_are_linked(tmp_path: Path) -> None:
    build = tmp_path / "builds" / "a" / "1"
    build.mkdir(parents=True)
    (build / "dossier.html").touch()
    place = keep(
        tmp_path / "runs", run(0, failed("a", folder=str(build)), failed("b", folder="/x"))
    )
    report(place, tmp_path / "report")
    text = (tmp_path / "report" / "index.html").read_text()
    assert text.count("dossier.html") == 1
    assert 'href="../builds/a/1/dossier.html"' in text


def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path))
    return command(["report", *words])


def test_the_command(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place == tmp_path / "runs"
    assert tell(tmp_path, monkeypatch) == 0
    assert capsys.readouterr().out == f"{tmp_path}/report/index.html\n"
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o700
    assert tell(tmp_path, monkeypatch, "-o", str(tmp_path / "www"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["pipelines"][0]["name"] == "golden"
    assert (tmp_path / "www").stat().st_mode & 0o777 == 0o755


def test_before_the_first_run_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(tmp_path, monkeypatch) == 0
    assert "No run of a pipeline" in Path(capsys.readouterr().out.strip()).read_text()


def test_a_folder_in_a_folder_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(tmp_path, monkeypatch, "-o", str(tmp_path / "a" / "b")) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_a_record_that_cannot_be_read_is_left_out(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(place, run(5, kept("a", "1"), began="never"))
    (place / "nightly" / "x.json").write_text("{")
    assert tell(tmp_path, monkeypatch) == 0
    told = capsys.readouterr().err
    assert told.count("warning: ") == 2
    assert not (tmp_path / "report" / "image-a.html").exists()
