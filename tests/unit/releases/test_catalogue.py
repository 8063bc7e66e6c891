"""The catalogue: what it holds, and what it refuses."""

import re
from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError, suggest
from builder.model.release import Facts, Medium, Release
from builder.releases import catalogue
from builder.releases.catalogue import Catalogue
from builder.releases.rows import Layers

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
DIGESTS = {"known.iso": {"sha256": "1" * 64, "size": 7}}


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


def found(*texts: str, name: str = "x") -> Release:
    """Return a release of layers, the user's first."""
    layers = [
        catalogue.layer(text, source=f"{'xyz'[number]}.toml") for number, text in enumerate(texts)
    ]
    rows = Catalogue(layers=Layers(layers), families={"el7": FAMILY}, digests=DIGESTS)
    return rows.find(name)


def test_a_good_row_is_read() -> None:
    assert found(ROW).media["dvd"].sha256 == "0" * 64


def test_a_row_of_the_users_extends_the_one_that_it_replaces() -> None:
    release = found('[x]\nextends = "x"\ndisk_gib = 9', ROW)
    assert (release.title, release.disk_gib, release.media["dvd"].file) == ("X", 9, "x.iso")


def test_what_extends_a_replaced_row_extends_the_new_one() -> None:
    above = '[x]\nextends = "x"\ndisk_gib = 9'
    release = found('[y]\nextends = "x"\ntitle = "Y"', above, ROW, name="y")
    assert (release.title, release.disk_gib) == ("Y", 9)


@pytest.mark.parametrize(
    ("above", "complaint"),
    [
        ('[x]\nextends = "y"\n[y]\nextends = "x"', "x extends itself: x extends y extends x."),
        ('[y]\nextends = "y"\n[x]\nextends = "y"', "x extends itself: x extends y extends y."),
        ('[x]\nextends = "z"', "x extends 'z', which is neither a family nor a release."),
        ('[x]\ntitle = "z"', "x does not say what it extends."),
        ("[x]\nextends = 7", "x does not say what it extends."),
    ],
)
def test_what_extends_nothing(above: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.toml: ") as caught:
        found(above, ROW)
    assert caught.value.message == f"x.toml: {complaint}"


def test_tables_are_joined_key_by_key_and_anything_else_is_replaced() -> None:
    above = """
[y]
extends = "x"
packages = ["@core"]
[y.media]
dvd = { size = 5 }
boot = { file = "boot.iso", network = true }
"""
    release = found(above, ROW.replace("[x.media", 'packages = ["a", "b"]\n[x.media'), name="y")
    assert release.packages == ("@core",)
    assert (release.media["dvd"].file, release.media["dvd"].size) == ("x.iso", 5)
    assert release.media["boot"].network


def test_a_digest_of_ours_is_for_media_that_have_none() -> None:
    text = ROW.replace('sha256 = "' + "0" * 64 + '"', "").replace("x.iso", "known.iso")
    assert found(text).media["dvd"] == Medium(file="known.iso", sha256="1" * 64, size=7)
    given = found(ROW.replace("x.iso", "known.iso")).media["dvd"]
    assert given == Medium(file="known.iso", sha256="0" * 64), "another ISO of that name"


MINORS = ROW.replace('version = "1"', 'version = "1.3"\nminors = true').replace(
    "[x.media.dvd]", '[x.older.repositories]\nos = "http://vault/{version}"\n[x.media.dvd]'
)


def test_minor_versions() -> None:
    text = MINORS.replace("[x", "[x1").replace('"x.iso"', '"x-{major}u{minor}.iso"')
    assert found(text, name="x1").media["dvd"].file == "x-1u3.iso"
    assert found(text, name="x1").repositories == {}
    old, newest = found(text, name="x1.0"), found(text, name="x1.3")
    assert (old.name, old.version, old.media["dvd"].file) == ("x1.0", "1.0", "x-1u0.iso")
    assert old.repositories == {"os": "http://vault/1.0"}
    assert (newest.name, newest.version, newest.repositories) == ("x1.3", "1.3", {})


def test_a_version_without_a_minor_has_none() -> None:
    text = MINORS.replace("[x", "[x1").replace('"1.3"', '"1"')
    with pytest.raises(UsageError, match="x1 has no minor versions to choose from"):
        found(text, name="x1.0")
    assert found(text, name="x1").minors


def test_older_minors_of_what_holds_no_packages_need_repositories_of_theirs() -> None:
    text = MINORS.replace("[x", "[x1").replace('"x.iso"', '"x-{minor}.iso"\nnetwork = true')
    assert found(text, name="x1.0").repositories == {"os": "http://vault/1.0"}
    without = text.replace("[x1.older.repositories]", "[x1.repositories]")
    assert found(without, name="x1.3").media["dvd"].network
    with pytest.raises(UsageError, match="Minor versions of x1 have nothing to be installed from"):
        found(without, name="x1.0")


@pytest.mark.parametrize(
    ("name", "sentence", "hint"),
    [
        ("rocky9.99", "rocky9 has no minor version 99 here: there are 0 to 8.", "[rocky9]"),
        ("rocky9.06", "rocky9 has no minor version 06 here", "[rocky9]"),
        ("rocky8.11", "rocky8 has no minor version 11 here: there are 0 to 10.", "[rocky8]"),
        ("centos7.3", "centos7 has no minor versions to choose from.", "It is CentOS 7 (2009)"),
        ("fedora44.1", "fedora44 has no minor versions to choose from.", "It is Fedora 44"),
        ("rocky9.6.1", "There is no release 'rocky9.6.1'.", "rocky9"),
        ("rocky9." + "9" * 5000, "There is no release 'rocky9.999", "rocky9"),
        ("rocky9.", "There is no release 'rocky9.'.", "rocky9"),
        ("fedora", "fedora is a family of releases, not one", "Name one: fedora43, fedora44."),
        ("centos6", "There is no release 'centos6'.", "Did you mean centos8?"),
    ],
)
def test_what_cannot_be(name: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        catalogue.find(name)
    assert caught.value.hint
    assert sentence in caught.value.message
    assert hint in caught.value.hint


def test_only_tests_ask_for_ours_alone() -> None:
    root = Path(catalogue.__file__).parents[1]
    asked = re.compile(r"\bcatalogue\.(find|names|shipped)\(|catalogue import .*\b(find|names)\b")
    assert not [path for path in root.rglob("*.py") if asked.search(path.read_text())]


def test_each_fact_of_a_family_is_asked_by_somebody() -> None:
    root = Path(catalogue.__file__).parents[2]
    files = [*root.glob("kickstarts/**/*.j2"), *root.glob("builder/**/*.py")]
    asked = {name for path in files for name in re.findall(r"facts\.(\w+)", path.read_text())}
    assert set(Facts.__struct_fields__) - asked == set()


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
        found(ROW.replace(old, new, 1))
    assert complaint in caught.value.message


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("dv", ["dvd", "minimal"], "Did you mean dvd?"),
        ("Centos7", ["rehearsal", "centos7"], "Did you mean centos7?"),
        ("ROCKY9", ["rocky8", "rocky9"], "Did you mean rocky9?"),
        ("appstream", ["BaseOS", "AppStream"], "Did you mean AppStream?"),
        ("q", ["b", "a"], "Known: a, b."),
        ("q", [], ""),
    ],
)
def test_suggest(word: str, known: list[str], hint: str) -> None:
    assert suggest(word, known) == hint
