"""Which repositories on the network a kickstart installs from."""

import pytest

from builder.kickstart.sources import Source, sources
from builder.model.kickstart import Kickstart


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL9", "RHEL10", "F44"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("cdrom", []),
        ("url --url=http://h/os", [Source(id="url", address="http://h/os")]),
        (
            "url --mirrorlist=https://h/list?arch=$basearch",
            [Source(id="url", address="https://h/list?arch=$basearch", kind="mirrorlist")],
        ),
        (
            "repo --name=a --baseurl=http://h/a --includepkgs=k*,bash --excludepkgs=k-doc\n"
            "repo --name=b --baseurl=https://me:pw@h/b",
            [
                Source(id="a", address="http://h/a", included=("k*", "bash"), excluded=("k-doc",)),
                Source(id="b", address="https://me:pw@h/b"),
            ],
        ),
        ("repo --name=updates", []),
        ("repo --name=x --baseurl=file:///run/install/repo/AppStream", []),
        ("url --url=ftp://h/os", []),
        ("nfs --server=h --dir=/os", []),
    ],
)
def test_sources(lines: str, expected: list[Source], syntax: str) -> None:
    assert list(sources(Kickstart(source="x", syntax=syntax, text=f"{lines}\n"))) == expected


def test_metalinks_are_known_from_el_8_on() -> None:
    kickstart = Kickstart(source="x", syntax="RHEL8", text="url --metalink=http://h/m\n")
    assert [each.kind for each in sources(kickstart)] == ["metalink"]


@pytest.mark.parametrize(
    ("name", "there"), [("kernel", True), ("bash", True), ("k-doc", False), ("vim", False)]
)
def test_what_a_source_offers(name: str, *, there: bool) -> None:
    source = Source(id="a", address="x", included=("k*", "bash"), excluded=("*-doc",))
    assert source.offers(name) == there
    assert Source(id="a", address="x").offers(name)
