"""builder pipeline, as far as it goes without libvirt."""

from pathlib import Path

import msgspec
import pytest

from builder.cli.app import run
from builder.cli.output import TerminalMonitor


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pipeline", "list", "--json"]) == 0
    rows = msgspec.json.decode(capsys.readouterr().out)
    assert {"nightly", "rehearsal"} <= {row["name"] for row in rows}


def test_list_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pipeline", "list"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "BUILDS", "PARALLEL", "TITLE"]
    assert "nightly" in [row.split()[0] for row in rows]


@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("titel = 'x'", "Did you mean title?"),
        ("title = 'x'", "x.toml builds nothing."),
        ("", "x.toml: Object missing required field `title`."),
    ],
)
def test_a_wrong_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, verb: str, text: str, said: str
) -> None:
    (tmp_path / "x.toml").write_text(text)
    assert run(["pipeline", verb, str(tmp_path / "x.toml")]) == 3
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_name_that_is_none(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert run(["pipeline", verb, "rehersal"]) == 2
    assert "hint: Did you mean rehearsal?" in capsys.readouterr().err


def test_a_prefix_tells_builds_apart(capsys: pytest.CaptureFixture[str]) -> None:
    monitor = TerminalMonitor(bars=False, prefix="[dvd] ")
    with monitor.step("Staging x.iso"):
        monitor.tell("note", "fact")
        monitor.tell("warning", "danger")
    assert capsys.readouterr().err.splitlines() == [
        "[dvd] ==> Staging x.iso",
        "[dvd]     fact",
        "[dvd]     warning: danger",
    ]
