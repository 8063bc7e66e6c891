"""builder pipeline, as far as it goes without libvirt."""

from pathlib import Path

import msgspec
import pytest

from builder.cli.app import run


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pipeline", "list", "--json"]) == 0
    rows = msgspec.json.decode(capsys.readouterr().out)
    assert {"nightly", "rehearsal"} <= {row["name"] for row in rows}
    assert run(["pipeline", "list"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "BUILDS", "PARALLEL", "TITLE"]
    assert "nightly" in [line.split()[0] for line in lines]


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_wrong_file_and_a_wrong_name_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    (tmp_path / "x.toml").write_text("title = 'x'")
    assert run(["pipeline", verb, str(tmp_path / "x.toml")]) == 3
    assert "x.toml builds nothing." in capsys.readouterr().err
    assert run(["pipeline", verb, "rehersal"]) == 2
    assert "hint: Did you mean rehearsal?" in capsys.readouterr().err
