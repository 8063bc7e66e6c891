"""The catalogue: what it holds, and what it refuses."""

import re

import pytest

from builder.errors import ConfigError, suggest
from builder.model.release import Release
from builder.releases import catalogue

ROW = """
[x]
extends = "el7"
title = "X"
version = "1"
volume_id = "X 1"
osinfo = "http://example.org/x"
kickstart = "x.ks.j2"
default_medium = "dvd"
memory_mib = 1024
disk_gib = 5
[x.media.dvd]
file = "x.iso"
sha256 = "{digest}"
""".format(digest="0" * 64)
FAMILY = {"syntax": "RHEL7"}


def test_centos7_is_the_2009_media() -> None:
    centos7 = catalogue.find("centos7")
    assert centos7.volume_id == "CentOS 7 x86_64"
    assert set(centos7.media) == {"minimal", "dvd", "netinstall", "everything"}
    assert catalogue.find_medium(centos7).file == "CentOS-7-x86_64-Minimal-2009.iso"
    assert catalogue.find_medium(centos7).size == 1020264448
    assert [name for name, medium in centos7.media.items() if medium.network] == ["netinstall"]
    for medium in centos7.media.values():
        assert re.fullmatch("[0-9a-f]{64}", medium.sha256)
        assert medium.file.endswith("-2009.iso")
    assert len({medium.sha256 for medium in centos7.media.values()}) == 4


@pytest.mark.parametrize("name", catalogue.names())
def test_every_release_has_what_a_build_needs(name: str) -> None:
    release = catalogue.find(name)
    assert release.name == name
    assert len(release.volume_id) <= 32, "ISO 9660 has no room for more"
    assert release.made_here or all(url.startswith("https://") for url in release.urls)
    assert bool(release.urls) is not (release.made_here or name.startswith("rhel"))


def parse(text: str) -> dict[str, Release]:
    return catalogue.parse(text, source="x.toml", families={"el7": FAMILY}, digests={})


def test_a_good_row_is_read() -> None:
    assert parse(ROW)["x"].media["dvd"].sha256 == "0" * 64


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title = "X"', 'titel = "X"', "titel"),
        ("memory_mib = 1024", 'memory_mib = "1024"', "Expected `int`"),
        ("memory_mib = 1024", "memory_mib = 0", ">= 1"),
        ("memory_mib = 1024", "", "memory_mib"),
        ("0" * 64, "0" * 63, "sha256"),
        ('"x.iso"', '"../x.iso"', "file"),
        ('"x.ks.j2"', '"/etc/passwd"', "kickstart"),
        ('default_medium = "dvd"', 'default_medium = "cd"', "default medium 'cd'"),
        ("[x.media.dvd]", "[x]\n[x.media.dvd]", "twice"),
        ('version = "1"', 'version = "1"\nversion = "2"', "overwrite"),
        ("[x]", "[x", "line 2"),
    ],
)
def test_bad_rows_are_refused(old: str, new: str, complaint: str) -> None:
    assert old in ROW
    with pytest.raises(ConfigError, match=r"^x\.toml") as caught:
        parse(ROW.replace(old, new, 1))
    assert complaint in caught.value.message


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("dv", ["dvd", "minimal"], "Did you mean dvd?"),
        ("Centos7", ["rehearsal", "centos7"], "Did you mean centos7?"),
        ("q", ["b", "a"], "Known: a, b."),
        ("q", [], ""),
    ],
)
def test_suggest(word: str, known: list[str], hint: str) -> None:
    assert suggest(word, known) == hint
