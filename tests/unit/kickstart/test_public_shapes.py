"""What an installer makes of somebody's kickstart is the same when our sections are added to it."""

import functools
import re

import pytest
from msgspec.structs import replace
from pykickstart.base import DeprecatedCommand, RemovedCommand
from pykickstart.version import makeVersion, stringToVersion

from builder.kickstart.parser import Parser
from builder.kickstart.render import render
from builder.model.kickstart import Kickstart, LintFinding
from tests.orders import LIBRARY, ordered
from tests.public_shapes import SHAPES
from tests.tables import crossed

# One release of each syntax: what is added differs by family.
RELEASES = {
    "RHEL7": "centos7",
    "RHEL8": "rocky8",
    "RHEL9": "rocky9",
    "RHEL10": "alma10",
    "F43": "fedora43",
    "F44": "fedora44",
}
ORDERS = {syntax: ordered(name) for syntax, name in RELEASES.items()}


@functools.cache
def verdict(text: str, syntax: str) -> tuple[LintFinding, ...]:
    """Return all that pykickstart says."""
    parser = Parser(syntax, text)
    parser.read()
    return tuple(parser.findings)


def added_to(text: str, syntax: str) -> Kickstart:
    order = replace(ORDERS[syntax], kickstart=LIBRARY.own_kickstart("theirs.ks", text))
    return render(order)


def test_there_are_as_many_as_promised() -> None:
    assert len(SHAPES) >= 40
    assert len(set(SHAPES.values())) == len(SHAPES)


@pytest.mark.parametrize(("name", "syntax"), crossed([(each,) for each in SHAPES], list(RELEASES)))
def test_the_verdict_stays_what_it_is(name: str, syntax: str) -> None:
    alone = SHAPES[name]
    made = added_to(alone, syntax)
    assert made.written == alone
    assert made.added > 1000
    found = verdict(alone, syntax)
    if name == "unfinished":  # whose last section ends where ours begin, and not at all before
        found = tuple(replace(each, line=each.line + 3) for each in found)
    assert verdict(made.text, syntax) == found


@pytest.mark.parametrize("syntax", RELEASES)
def test_each_command_occurs_where_it_is_read(syntax: str) -> None:
    """Those that a syntax knows and has not given up are each in a line without an error."""
    known = makeVersion(stringToVersion(syntax)).commands
    given_up = (DeprecatedCommand, RemovedCommand)
    wanted = {name for name, each in known.items() if not isinstance(each, given_up)}
    read, written = set[str](), set[str]()
    for text in SHAPES.values():
        wrong = {each.line for each in verdict(text, syntax) if each.severity == "error"}
        for number, line in enumerate(text.splitlines(), 1):
            word = re.match("[a-z_]+", line)
            if word:
                written.add(word[0])
                read.update([word[0]] if number not in wrong else [])
    assert wanted - read - {"method"} == set()  # that one is url, cdrom and so on under one name
    assert set(known) - written == set()
