"""Paths that no file can have, and files that are none: one sentence, from every command."""

import os
import re
from pathlib import Path

import pytest

from builder.cli import app
from tests.values import recorded

LONG = "x" * 300
PIPELINE = 'title = "x"\n[[build]]\nrelease = "centos7"\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path))
    monkeypatch.setenv("BUILDER_URI", "nosuch:///x")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the error of a command that must fail because of an input file."""
    assert app.run(list(words)) in (2, 3)
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    return error


@pytest.mark.parametrize(
    "words",
    [
        ["build", "centos7", "--dry-run", "--iso", LONG],
        ["build", "centos7", "--dry-run", "--kickstart", LONG],
        ["build", "centos7", "--dry-run", "--root-password-file", LONG],
        ["--config", LONG, "builds", "list"],
        ["pipeline", "plan", LONG],
        ["pipeline", "plan", f"./{LONG}/x.toml"],
        ["kickstart", "lint", LONG],
        ["iso", "remaster", "x.iso", "-o", "y.iso", "-k", LONG],
        ["iso", "remaster", "x.iso", "-k", "/dev/null", "-o", LONG],
        ["iso", "remaster", "x.iso", "-k", "/dev/null", "--overlay", LONG],
        ["iso", "remaster", "x.iso", "-k", "/dev/null", "--oemdrv", LONG],
        ["rehearsal", "make", "-o", LONG],
        ["build", "centos7", "--events", LONG],
        ["template", "sbom", "x", "-o", LONG],
        ["template", "provenance", "x", "-o", LONG],
    ],
    ids=str,
)
def test_names_of_300_bytes(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert "File name too long" in refused(capsys, *words)


@pytest.mark.parametrize(
    "words",
    [
        ["template", "export", "x", "-f", "tar", "-o", "gone/"],
        ["template", "sbom", "x", "-o", "gone/"],
        ["template", "provenance", "x", "-o", "gone/."],
        ["iso", "remaster", "x.iso", "-k", "/dev/null", "-o", "gone/"],
        ["iso", "remaster", "x.iso", "-k", "/dev/null", "--overlay", "gone/"],
        ["iso", "remaster", "x.iso", "-k", "/dev/null", "--oemdrv", "gone/"],
        ["rehearsal", "make", "-o", "gone/"],
        ["build", "centos7", "--dry-run", "--events", "gone/"],
        ["attach", "x", "--events", "gone/"],
    ],
    ids=str,
)
def test_folders_that_are_not_there(
    capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path
) -> None:
    assert refused(capsys, *words).startswith("error: There is no folder gone/")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_kickstarts_that_cannot_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDER_KICKSTARTS", f"/tmp/{LONG}")  # noqa: S108  # never made
    assert "File name too long" in refused(capsys, "kickstart", "list")
    assert "File name too long" in refused(capsys, "build", "centos7", "--dry-run")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'{PIPELINE}kickstart = "a\\u0000"', "kickstart.*NUL"),
        (f'{PIPELINE}root_password_file = "a\\u0000"', "root_password_file.*NUL"),
        (f'{PIPELINE}iso = "a\\u0000"', "iso.*NUL"),
        (f"{PIPELINE}x = {'[' * 3000}", "nested too deeply"),
        (f"{PIPELINE}[{'.'.join('x' * 300)}]", "more than 32 tables"),
        (f"{PIPELINE}disk_gib = {'9' * 5000}", "limit"),
    ],
    ids=["kickstart", "password", "iso", "arrays", "tables", "digits"],
)
def test_pipelines(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    assert re.search(why, refused(capsys, "pipeline", "plan", "./x.toml"))


@pytest.mark.parametrize("check", ["a\\u0000", "loop", "x" * 300])
def test_checks_of_profiles(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "profiles/mine.toml").write_text(f'title = "x"\nchecks = ["{check}"]\n')
    monkeypatch.setenv("BUILDER_KICKSTARTS", str(tmp_path))
    refused(capsys, "build", "centos7", "--dry-run", "--profile", "mine")


@pytest.mark.parametrize(
    "words",
    [["--config", "p", "builds", "list"], ["build", "centos7", "--dry-run", "--kickstart", "p"]],
    ids=str,
)
def test_a_pipe_that_nobody_writes_to(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    os.mkfifo("p")
    assert "nobody writes to that pipe" in refused(capsys, *words)


@pytest.mark.parametrize("name", ["notes", "link"])
def test_events_are_added_to_events_only(capsys: pytest.CaptureFixture[str], name: str) -> None:
    Path("notes").write_text("mine\n")
    Path("link").symlink_to("notes")
    assert "holds no events" in refused(capsys, "build", "centos7", "--events", name)
    assert Path("notes").read_text() == "mine\n"


def test_pipes_among_the_files_hang_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path / "builds/x/20261125T100000-5646559a", state="failed")
    names = ("events.jsonl", "console.log", "manifest.json", "kickstart.ks", "audit.json")
    for pipe in (*names, "screen.png", ".results.json", "../z/build.json"):
        (folder / pipe).parent.mkdir(exist_ok=True)
        os.mkfifo(folder / pipe)
    (tmp_path / "profiles").mkdir()
    for pipe in ("builder.toml", "variables.toml", "profiles/x.toml"):
        os.mkfifo(tmp_path / pipe)
    monkeypatch.setenv("BUILDER_KICKSTARTS", str(tmp_path))
    for words in (["builds", "list"], ["builds", "show", "x"], ["kickstart", "list"]):
        assert app.run(words) == 0
    assert app.run(["builds", "log", "x"]) == 2
    assert "has no console.log" in capsys.readouterr().err


def test_a_configuration_that_we_may_not_see_is_no_matter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", f"/{LONG}")  # as HOME=/root is to other users
    assert app.run(["kickstart", "list"]) == 0
    assert capsys.readouterr().err == ""
