"""Lists of packages, groups and modules, as they are written."""

import hashlib
from collections.abc import Iterable
from xml.parsers import expat

import pytest

from builder.errors import MediaError
from builder.media import comps, primary
from builder.media.primary import Nevra
from builder.media.unpacked import unpacked
from tests.bench.packages import repodata
from tests.bench.packages.media import pack

NAMES = [*repodata.numbered(300), "yum=dnf-yum /usr/bin/yum4"]
TEXT = repodata.primary(NAMES)


def pieces(text: bytes, size: int) -> list[bytes]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def whole(content: Iterable[bytes], name: str, **sums: tuple[str, str]) -> bytes:
    return b"".join(unpacked(content, name=name, damaged=MediaError, **sums))


@pytest.mark.parametrize("size", [37, 1000, 65536, 10**9])
def test_packages_are_read_however_they_are_cut(size: int) -> None:
    found = primary.packages(pieces(TEXT, size))
    assert [each.name for each in found] == [name.partition("=")[0] for name in NAMES]
    assert found[-1] == Nevra("yum", "0", "5.14.0", "427.13.1.el9", "x86_64")


@pytest.mark.parametrize("size", [37, 65536, 10**9])
@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("dnf-yum", True),
        ("/usr/bin/yum4", True),
        ("/usr/bin/library00002-doc", True),
        ("liblibrary00002-doc.so.1()(64bit)", True),
        ("libc.so.6(GLIBC_2.7)(64bit)", False),
        ("nobody", False),
    ],
)
def test_only_what_is_provided_is_found(name: str, size: int, *, there: bool) -> None:
    found = primary.provided(pieces(TEXT, size), {name}.__contains__, words=[name.encode()])
    assert found == ({name} if there else set())


def test_tags_that_are_written_otherwise_are_understood() -> None:
    text = TEXT.replace(b"<format>", b"<format >").replace(b"</rpm:requires>", b"</rpm:requires >")
    assert primary.packages([text]) == primary.packages([TEXT])
    name = "libc.so.6(GLIBC_2.7)(64bit)"
    assert primary.provided([text], {name}.__contains__, words=[b""]) == set()


@pytest.mark.parametrize("text", [b"", b"<metadata><package >", TEXT[:-20], b"nothing"])
def test_what_is_no_xml_is_refused(text: bytes) -> None:
    with pytest.raises(expat.ExpatError):
        primary.packages([text])


def test_groups_and_environments() -> None:
    found = comps.comps([repodata.comps(["core=Core", "x=X & Y"], ["min=Minimal Install"])])
    assert [(each.id, each.name) for each in found.groups] == [("core", "Core"), ("x", "X & Y")]
    assert [(each.id, each.name) for each in found.environments] == [("min", "Minimal Install")]


def test_groups_without_translations() -> None:
    text = repodata.comps(["core=Core"]).replace(b"<name>Core</name>", b"<_name>Core</_name>")
    assert comps.comps([text]).groups[0].name == "Core"


def test_modules() -> None:
    text = repodata.modules(["perl:5.24=minimal common", 'nodejs:"18"=default', "empty:rhel8="])
    found = comps.modules([text])
    assert [(each.name, each.stream, sorted(each.profiles)) for each in found] == [
        ("perl", "5.24", ["common", "minimal"]),
        ("nodejs", "18", ["default"]),
        ("empty", "rhel8", []),
    ]


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_what_is_packed_is_unpacked(kind: str) -> None:
    packed = pack(TEXT, kind)
    assert whole(pieces(packed, 1000), f"primary.xml.{kind}") == TEXT
    assert whole([packed + packed], f"primary.xml.{kind}") == TEXT * 2


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_what_is_damaged_is_told(kind: str) -> None:
    packed = pack(TEXT, kind)
    for content in (
        packed[:-9],
        packed[:99],
        b"",
        packed[:50] + b"?" * 40 + packed[90:],
        b"x" * 99,
    ):
        with pytest.raises(MediaError, match=r"^its file p\.xml\."):
            whole([content], f"p.xml.{kind}")


@pytest.mark.parametrize("kind", ["sha", "sha1", "sha256", "sha512", "new"])
def test_both_checksums_are_compared(kind: str) -> None:
    packed = pack(TEXT, "gz")
    algorithm = {"sha": "sha1", "new": "md5"}.get(kind, kind)
    right, inside = (hashlib.new(algorithm, each).hexdigest() for each in (packed, TEXT))
    known = {"checksum": (kind, right), "open_checksum": (kind, inside)}
    assert whole([packed], "p.xml.gz", **known) == TEXT
    for name, what in (
        ("checksum", "its file p.xml.gz"),
        ("open_checksum", "what its file p.xml.gz holds"),
    ):
        wrong = {**known, name: (kind, "0" * len(right))}
        if kind == "new":  # one that nobody knows is not compared
            assert whole([packed], "p.xml.gz", **wrong) == TEXT
            continue
        with pytest.raises(MediaError, match=f"^{what} has not the "):
            whole([packed], "p.xml.gz", **wrong)


def test_what_never_ends_a_text_is_not_kept_whole() -> None:
    """A few KiB of gzip unpack to gigabytes of blanks, all of which would be in memory."""
    pieces = (b"<m>" + b" " * (1 << 20) if each == 0 else b" " * (1 << 20) for each in range(64))
    with pytest.raises(ValueError, match="a text in it has more than 16 MiB"):
        primary.packages(pieces)


def test_packages_may_be_many_where_nothing_ends_them_as_we_know_it() -> None:
    """More than is kept for one: in pieces that are cut anywhere."""
    one = "<p:package ><p:name>n%d</p:name><p:arch>noarch</p:arch></p:package >" + " " * 1000
    text = "<m xmlns:p='x'>" + "".join(one % each for each in range(40_000)) + "</m>"
    data = text.replace("p:", "").encode()
    assert len(data) > 2 * (16 << 20)
    pieces = (data[at : at + 99_991] for at in range(0, len(data), 99_991))
    found = primary.packages(pieces)
    assert [each.name for each in found] == [f"n{each}" for each in range(40_000)]
