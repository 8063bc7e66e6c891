"""builder pipeline test-notify, as it is typed."""

import json
from pathlib import Path

import pytest

from builder.cli import app
from builder.pipeline import definition
from builder.pipeline.job import Notify, Pipeline, Webhook


@pytest.fixture
def notify(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Notify]:
    """Let the pipeline's file say what the test puts into the list."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path / "state"))
    (tmp_path / "own.toml").touch()
    found = list[Notify]()

    def load(path: Path, _library: object) -> Pipeline:
        return Pipeline(name="own", title="", source=path, jobs=(), notify=found[0])

    monkeypatch.setattr(definition, "load", load)
    return found


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = app.run(["pipeline", "test-notify", "own.toml", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_each_place_says_what_happened(
    notify: list[Notify], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    command = ("tee", str(told))
    notify.append(Notify(command=command))
    code, out, err = typed(capsys)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["PLACE", "TO", "RESULT"],
        ["command", "tee", "delivered"],
    ]
    message = json.loads(told.read_text())
    assert (message["pipeline"], message["occasions"]) == ("own", [])
    assert not (tmp_path / "state").exists()  # it counts as nothing
    notify[0] = Notify(command=command, webhook=Webhook(url="https://hooks.example:x/secret"))
    code, out, err = typed(capsys)
    assert (code, out.splitlines()[2].split()[:1]) == (4, ["webhook"])
    assert "secret" not in out + err
    assert err.splitlines()[0] == "error: Not told by webhook."
    code, out, _ = typed(capsys, "--json")
    assert code == 4
    assert [(each["place"], bool(each["error"])) for each in json.loads(out)] == [
        ("command", False),
        ("webhook", True),
    ]


def test_a_file_that_names_nobody(notify: list[Notify], capsys: pytest.CaptureFixture[str]) -> None:
    notify.append(Notify())
    code, out, err = typed(capsys)
    assert (code, out) == (3, "")
    assert err.startswith("error: own.toml names nobody who is to be told.\nhint: [notify] has")
