"""report.json: what its schema says, and whether all is in it."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import msgspec
import pytest

from builder.record.runs import Run
from builder.report import names
from builder.report.summary import Report
from tests.reports import EVIL, ID, failed, few, files, kept, run

SCHEMA = msgspec.json.schema(Report)


def found(*runs: Run) -> dict[str, Any]:
    return json.loads(files(runs)[names.DATA])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "runs",
    [few(), [], [run(0, failed(EVIL, error=EVIL), pipeline=EVIL, run_id=EVIL)]],
    ids=["few", "none", "evil"],
)
def test_it_is_as_its_schema_says(runs: list[Run]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(found(*runs))


def test_the_schema_refuses_what_is_missing() -> None:
    values = found(*few())
    del values["pipelines"][1]["images"][0]["state"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(values)


def test_what_it_tells() -> None:
    values = found(*few())
    assert (values["schema"], values["generator"], values["id"]) == (1, "builder", ID)
    assert sorted(values["files"]) == sorted(files(few()))
    golden, nightly = values["pipelines"]
    assert golden["images"][0]["waiting"]["important"] == 3
    assert nightly["runs"][2]["images"] == {"unchanged": 1, "lost": 1}
    alma, rocky = nightly["images"]
    assert (alma["state"], alma["good"]["version"], alma["before"]["version"]) == (
        "published", "20261130.1", "20261127.1",
    )  # fmt: skip
    assert [each["name"] for each in alma["changes"]] == ["kernel", "tree", "nano"]
    assert (rocky["error"], rocky["exit_code"]) == ("The kickstart's line 3 is wrong.", 6)
    assert [each["state"] for each in rocky["nights"]] == [
        "published", "unchanged", "lost", "failed",
    ]  # fmt: skip
    assert values["pools"][0]["name"] == "store"


def test_what_a_terminal_would_obey_is_escaped_and_means_the_same() -> None:
    text = files([run(0, kept(EVIL, "1"))])[names.DATA]
    assert text.isascii()
    assert text.strip().isprintable()
    assert json.loads(text)["pipelines"][0]["images"][0]["name"] == EVIL
