"""feed.xml: what RFC 4287 asks of a feed, and what its readers go by."""

import re
from collections import Counter
from datetime import datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from builder.record.runs import Outcome, Run
from builder.report import names
from tests.reports import EVIL, failed, few, files, kept, published, run
from tests.values import Golden

ATOM = "{http://www.w3.org/2005/Atom}"
_FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "author": (0, 9), "link": (0, 9)}
_FEED |= {"generator": (0, 1), "subtitle": (0, 1), "entry": (0, 100)}
_ENTRY = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "link": (1, 9), "summary": (0, 1)}
_ENTRY |= {"category": (0, 9)}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
"""What an Atom date construct may be (3.3)."""


def feed(*runs: Run) -> Element:
    return ElementTree.fromstring(files(runs)[names.FEED])  # noqa: S314  # we wrote it


def text(element: Element, name: str) -> str:
    return element.findtext(f"{ATOM}{name}") or ""


def entries(*runs: Run) -> list[Element]:
    return feed(*runs).findall(f"{ATOM}entry")


def titles(*runs: Run) -> list[str]:
    return [text(each, "title") for each in entries(*runs)]


def check(element: Element, rules: dict[str, tuple[int, int]]) -> None:
    """Check that its children are those of section 4.1, as often as they may be there."""
    found = Counter(each.tag.removeprefix(ATOM) for each in element)
    assert found.keys() <= rules.keys()
    for name, (least, most) in rules.items():
        assert least <= found[name] <= most
    assert _DATE.fullmatch(text(element, "updated"))
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", text(element, "id"))
    for link in element.findall(f"{ATOM}link"):
        assert link.keys() == ["rel", "type", "href"]
        assert link.get("rel") == "alternate"
        assert (link.get("href") or "").isascii()


@pytest.mark.parametrize(
    "runs",
    [few(), [], [run(0, failed(EVIL, error=EVIL, hint=EVIL), pipeline=EVIL, run_id=EVIL)]],
    ids=["few", "none", "evil"],
)
def test_it_is_as_the_rfc_wants_it(runs: list[Run]) -> None:
    root = feed(*runs)
    assert root.tag == f"{ATOM}feed"
    check(root, _FEED)
    # Without an author here every entry would need one (4.1.1).
    assert text(root.find(f"{ATOM}author") or Element(""), "name")
    found = root.findall(f"{ATOM}entry")
    for each in found:
        check(each, _ENTRY)
        [category] = each.findall(f"{ATOM}category")
        assert category.keys() == ["term"]
    assert len({text(each, "id") for each in found}) == len(found)
    times = [datetime.fromisoformat(text(each, "updated")) for each in found]
    assert times == sorted(times, reverse=True)
    assert not found or text(root, "updated") == text(found[0], "updated")


def test_a_few_nights(golden: Golden) -> None:
    golden("report/feed.xml", files(few())[names.FEED])


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([kept("a", "1")], []),
        ([published("a", "1")], ["a: published 1"]),
        ([failed("a"), failed("a")], ["a: failed"]),
        ([kept("a", "1"), failed("a"), kept("a", "1")], ["a: recovered", "a: failed"]),
        ([failed("a"), published("a", "2")], ["a: recovered, published 2", "a: failed"]),
        ([published("a", "1"), published("a", "2")], ["a: published 2", "a: published 1"]),
    ],
)
def test_what_there_is_an_entry_for(runs: list[Outcome], said: list[str]) -> None:
    assert titles(*(run(night, each) for night, each in enumerate(runs))) == said


def test_entries_keep_their_ids_when_nights_come_and_go() -> None:
    runs = few()
    known = {text(each, "title"): text(each, "id") for each in entries(*runs)}
    fewer = {text(each, "title"): text(each, "id") for each in entries(*runs[2:])}
    assert len(fewer) > 1
    assert fewer.items() <= known.items()


def test_entries_lead_to_their_nights() -> None:
    found = files(few())
    for each in entries(*few()):
        href = each.find(f"{ATOM}link").get("href") or ""  # type: ignore[union-attr]
        page, _, anchor = href.partition("#")
        assert f'id="{anchor}"' in found[page]


def test_no_more_than_a_hundred() -> None:
    runs = [
        run(night, *(published(f"i{number}", f"{night}") for number in range(30)))
        for night in range(9)
    ]
    found = titles(*runs)
    assert len(found) == 100
    assert found[0].endswith("published 8")
