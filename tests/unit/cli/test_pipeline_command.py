"""builder pipeline, as far as it goes without libvirt."""

import inspect
from pathlib import Path

import msgspec
import pytest

from builder.cli.app import run
from builder.cli.build import build
from builder.recipes.order import Request

NOT_OF_ONE_BUILD = {"sign", "force", "keep", "dry_run", "events", "artifacts", "json"}
"""How builds are carried out, and what is printed of it: for all of a pipeline, or for none."""
OTHERWISE = {"name": "release", "compat": "compression", "no_seal": "variables"}


def test_a_row_says_all_that_the_command_line_does() -> None:
    options = set(inspect.signature(build).parameters) - {"ctx"}
    assert options >= NOT_OF_ONE_BUILD
    keys = {OTHERWISE.get(each, each) for each in options - NOT_OF_ONE_BUILD}
    assert keys == set(Request.__struct_fields__)
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    told = readme[readme.index("The keys of a build are") : readme.index("`[defaults]` holds for")]
    assert {each for each in keys if f"`{each}`" not in told} == set()


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
    assert "x.toml: It builds nothing." in capsys.readouterr().err
    assert run(["pipeline", verb, "rehersal"]) == 2
    assert "hint: Did you mean rehearsal?" in capsys.readouterr().err
