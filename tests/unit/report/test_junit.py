"""junit.xml: what Jenkins' schema allows, and what CI servers make of it."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from builder.record.runs import Run
from builder.report import names
from tests.reports import EVIL, failed, few, files, kept, published, run
from tests.values import Golden

TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")
"""Of the schema, junit-10.xsd of Jenkins' xUnit plugin."""
_TEXT = (set[str](), set[str](), {"message", "type"})
SCHEMA = {
    "testsuites": ({"testsuite"}, set[str](), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {"name", "tests", "failures", "errors"},
        {
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        },
    ),
    "testcase": (
        {"skipped", "failure", "system-out", "system-err"},
        {"name"},
        {"time", "classname", "group"},
    ),
    "failure": _TEXT,
    "skipped": _TEXT,
    "system-out": (set[str](), set[str](), set[str]()),
}
"""Of each element: what may be in it, attributes that it must have, and may have."""


def suites(*runs: Run) -> Element:
    return ElementTree.fromstring(files(runs)[names.JUNIT])  # noqa: S314  # we wrote it


def check(element: Element) -> None:
    inner, needed, allowed = SCHEMA[element.tag]
    assert {each.tag for each in element} <= inner
    assert needed <= set(element.keys()) <= needed | allowed
    for name in ("tests", "failures", "errors", "skipped"):
        assert (element.get(name) or "0").isdecimal()
    assert TIME.fullmatch(element.get("time", ""))
    if inner:
        assert not (element.text or "").strip()
    for each in element:
        check(each)


@pytest.mark.parametrize(
    "runs",
    [
        few(),
        [],
        [run(0, failed(EVIL, error=EVIL, seconds=-1e300), pipeline=EVIL, run_id=EVIL)],
        [run(0, published("a", "1", seconds=1e300), ended="2199-01-01T00:00:00Z")],
        [run(0, jobs=("a",), ended="")],
    ],
    ids=["few", "none", "evil", "long", "killed"],
)
def test_it_is_as_the_schema_wants_it(runs: list[Run]) -> None:
    root = suites(*runs)
    assert root.tag == "testsuites"
    check(root)
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    assert root.get("tests") == str(len(root.findall("testsuite/testcase")))


def test_a_few_nights(golden: Golden) -> None:
    golden("report/junit.xml", files(few())[names.JUNIT])


@pytest.mark.parametrize(
    ("newest", "verdict"),
    [
        (run(1, published("a", "1")), "system-out"),
        (run(1, kept("a", "1")), "system-out"),
        (run(1, failed("a")), "failure"),
        (run(1, jobs=("a",)), "skipped"),
        (run(1, jobs=("a",), ended=""), "skipped"),
    ],
)
def test_the_newest_run_counts(newest: Run, verdict: str) -> None:
    before = run(0, failed("a"), failed("b"))
    [case] = suites(before, newest).findall("testsuite/testcase")
    assert [each.tag for each in case] == [verdict]


def test_a_failure_says_what_there_is_to_know() -> None:
    [failure] = suites(run(0, failed("a"))).findall("testsuite/testcase/failure")
    assert failure.attrib == {"message": "The mirror is down.", "type": "exit code 5"}
    assert failure.text == "The mirror is down. Wait."
