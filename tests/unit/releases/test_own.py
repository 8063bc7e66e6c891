"""The user's own rows: which counts, and what a broken file costs."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError
from builder.kickstart import library
from builder.kickstart.library import Library
from builder.releases import catalogue
from builder.releases.check import check
from builder.releases.own import gathered
from builder.releases.rows import Layer, Row
from tests.monitors import Heard

OWN = '[corp9]\nextends = "rocky9"\ntitle = "{title} {{version}}"\n'


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Return two folders, of which the first has a say over the second."""
    found = [tmp_path / "first", tmp_path / "second"]
    for folder in found:
        folder.mkdir()
    return found


def write(path: Path, text: str) -> None:
    path.write_text(text)


def test_the_first_folder_counts(folders: list[Path]) -> None:
    write(folders[0] / "a.toml", OWN.format(title="First"))
    write(folders[1] / "a.toml", OWN.format(title="Second") + "disk_gib = 99\n")
    rows = gathered(folders)
    assert rows.find("corp9").title == "First 9.8"
    assert rows.find("corp9").disk_gib == 10, "it extends rocky9, not the other corp9"
    assert rows.find("corp9.6").media["minimal"].file == "Rocky-9.6-x86_64-minimal.iso"
    assert rows.find("corp9.6").name == "corp9.6"
    assert (rows.find("corp9").kin, rows.find("corp9.6").kin) == (("rocky9",), ("corp9", "rocky9"))
    assert rows.source("corp9.6").source == str(folders[0] / "a.toml")
    assert set(gathered([]).names()) | {"corp9"} == set(rows.names())


def test_a_row_of_ours_is_overridden_and_so_are_those_that_extend_it(folders: list[Path]) -> None:
    mirror = '[alma10]\nextends = "alma10"\nurls = ["https://mirror.example/{version}/{arch}"]\n'
    write(folders[0] / "mirror.toml", mirror)
    rows = gathered(folders)
    assert rows.find("alma10").urls == ("https://mirror.example/10.2/x86_64",)
    assert rows.find("alma10-v2").urls == ("https://mirror.example/10.2/x86_64_v2",)
    assert rows.find("alma10").checksums == gathered([]).find("alma10").checksums
    assert (rows.replaced("alma10"), rows.replaced("alma9")) == (rows.layers[-1], None)
    assert gathered([]).find("alma10").urls[0].startswith("https://repo.almalinux.org/")


def test_a_newer_minor_than_ours_is_a_row_of_three_lines(folders: list[Path]) -> None:
    write(folders[0] / "newer.toml", '[rocky9]\nextends = "rocky9"\nversion = "9.9"\n')
    rows = gathered(folders)
    assert rows.find("rocky9").media["dvd"].file == "Rocky-9.9-x86_64-dvd.iso"
    assert rows.find("rocky9.8").volume_id == "Rocky-9-8-x86_64-dvd"
    assert "/vault/rocky/9.8/" in rows.find("rocky9.8").repositories["BaseOS"]


@pytest.mark.parametrize(
    ("text", "name", "followed", "end"),
    [
        ("", "rocky9", "", date(2032, 5, 31)),
        ("", "rocky9.8", "", date(2032, 5, 31)),
        ("", "rocky9.7", "9.8", None),
        ("", "rhel8.9", "8.10", None),
        ('[rocky9]\nversion = "9.9"', "rocky9.8", "9.9", None),
        ('[rocky9]\nversion = "9.9"', "rocky9", "", date(2032, 5, 31)),
        ('[rocky9]\nversion = "9.6"', "rocky9", "9.8", None),
        ('[rocky9]\nversion = "9.6"', "rocky9.6", "9.8", None),
        ('[rocky9]\nversion = "9.6"', "rocky9.5", "9.8", None),
        ('["rocky9.6"]\nversion = "9.6"', "rocky9.6", "9.8", None),
        ('[rocky9]\nversion = "9.6"\nend_of_life = 2027-01-02', "rocky9", "", date(2027, 1, 2)),
        ('[rocky9]\nurls = ["https://m.example/"]', "rocky9", "", date(2032, 5, 31)),
        ("[rocky9]\nolder.end_of_life = 2027-01-02", "rocky9.7", "9.8", date(2027, 1, 2)),
        ('[corp9]\nversion = "9.6"', "corp9", "", date(2032, 5, 31)),
        ('[corp9]\nversion = "9.6"', "corp9.5", "9.6", None),
        ('[corp]\nversion = "9.6"', "corp.5", "9.6", None),
        ('["corp.6"]\nversion = "9.6"', "corp.6", "", date(2032, 5, 31)),
    ],
)
def test_a_minor_version_ends_when_the_next_is_out(
    folders: list[Path], text: str, name: str, followed: str, end: date | None
) -> None:
    head, _, rest = text.partition("\n")
    write(folders[0] / "a.toml", text and f"{head}\nextends = 'rocky9'\n{rest}\n")
    found = gathered(folders).find(name)
    assert (found.followed_by, found.end_of_life) == (followed, end)


def test_profiles_for_a_release_are_for_what_extends_it(folders: list[Path]) -> None:
    write(folders[0] / "a.toml", OWN.format(title="x"))
    (folders[1] / "profiles").mkdir()
    write(folders[1] / "profiles/web.toml", 'releases = ["rocky9"]\n')
    known = Library(folders[1], gathered(folders[:1]))
    for name in ("rocky9", "rocky9.6", "corp9", "corp9.6"):
        assert known.profile("web", known.release(name)).name == "web"
    for name in ("rocky8", "alma9"):
        with pytest.raises(UsageError, match="The profile web is not for"):
            known.profile("web", known.release(name))


BROKEN: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "no TOML": (b'[corp9]\ntitle = "x\n[rocky9]\n["q.9"]\n', ("corp9", "rocky9", "q.9")),
    "not in UTF-8": (b"[corp9]\ntitle = '\xe4'\n", ()),
    "no table": (b'corp9 = "x"\n', ()),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_an_error_for_its_own_rows_alone(folders: list[Path], name: str) -> None:
    content, lost = BROKEN[name]
    path = folders[0] / "broken.toml"
    path.write_bytes(content)
    write(
        folders[0] / "good.toml", OWN.format(title="Good").replace("p9", "p8").replace("y9", "y8")
    )
    rows = Library(rows=gathered(folders))
    assert rows.release("corp8").title == "Good 8.10"
    assert rows.release("centos7").title == "CentOS 7 (2009)"
    for each in lost:
        with pytest.raises(ConfigError, match=str(path)):
            rows.release(each)
    with pytest.raises(UsageError) as caught:
        rows.release("corp7")
    assert str(path) in caught.value.hint
    heard = Heard()
    names = [each.name for each in rows.releases(monitor=heard)]
    assert "centos7" in names
    assert not set(lost) & set(names)
    assert [each[1] for each in heard.told if str(path) in each[1]] == []
    assert [str(path) in each for each in rows.rows.flaws] == [True]


def test_a_row_that_is_wrong_is_a_warning_for_lists(folders: list[Path]) -> None:
    write(folders[0] / "a.toml", OWN.format(title="x") + "memory_mib = 0\n[fine]\nextends='rocky9'")
    rows, heard = Library(rows=gathered(folders)), Heard()
    names = [each.name for each in rows.releases(monitor=heard)]
    assert ("fine" in names, "corp9" in names) == (True, False)
    [(kind, text, *_)] = heard.told
    assert (kind, text.startswith(f"{folders[0]}/a.toml: corp9 is wrong: ")) == ("warning", True)
    with pytest.raises(ConfigError) as caught:
        rows.release("corp9")
    assert caught.value.hint == (
        f"`builder release check {folders[0]}/a.toml` shows every mistake of it."
    )


def test_of_two_rows_in_one_folder_nobody_can_say_which_counts(folders: list[Path]) -> None:
    write(folders[0] / "a.toml", OWN.format(title="A"))
    write(folders[0] / "b.toml", OWN.format(title="B") + '[corp8]\nextends = "rocky8"\n')
    rows = gathered(folders)
    assert rows.find("corp8").family == "el8"
    with pytest.raises(ConfigError, match=r"^corp9 is in two files: .*a\.toml and .*b\.toml\.$"):
        rows.find("corp9")
    path, words = folders[0] / "b.toml", Library().words()
    [found] = check(path.read_text(), source=str(path), known=rows, words=words)
    assert (found.line, found.table) == (1, "corp9")
    assert found.text.startswith("corp9 is in two files: ")


def test_what_is_no_file_of_releases_is_left_alone(folders: list[Path]) -> None:
    write(folders[0] / "notes.txt", "[corp9]")
    (folders[0] / "folder.toml").mkdir()
    (folders[0] / "gone.toml").symlink_to("/nonexistent")
    assert gathered([*folders, Path("/nonexistent")]).names() == gathered([]).names()


def test_a_template_whose_release_is_gone_runs_on_a_processor_for_all(folders: list[Path]) -> None:
    rows = gathered(folders)
    assert (rows.least_cpu("rocky9"), rows.least_cpu("corp9")) == ("Nehalem", "Haswell-noTSX")


def test_the_folder_of_a_setting_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"The folder of releases .*/none is not there"):
        library.library(None, folder=tmp_path / "none")


@pytest.mark.parametrize("name", ["ünicode", "a/b", "../up", "-x", "Corp9"])
def test_a_name_that_no_file_can_have_is_no_release(name: str, tmp_path: Path) -> None:
    """It would be the name of a build's folder, of a template and of a domain."""
    (tmp_path / "own.toml").write_text(f'["{name}"]\nextends = "rocky9"\n')
    with pytest.raises(ConfigError, match="cannot be a release's name"):
        gathered([tmp_path]).find(name)


class Asked(dict[str, Row]):
    """Rows that count how often one looks through them, or into them."""

    times = 0

    def __contains__(self, name: object) -> bool:
        Asked.times += 1
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        Asked.times += len(self)
        return super().__iter__()


@pytest.mark.parametrize("each", [1, 300], ids=["a file for each row", "one file"])
def test_of_many_rows_each_is_looked_at_a_few_times(each: int) -> None:
    rows: list[tuple[str, Row]] = [(f"own{n}", {"extends": "rocky9"}) for n in range(300)]
    parts = (rows[at : at + each] for at in range(0, 300, each))
    known = catalogue.with_own([Layer(source="x", rows=Asked(part)) for part in parts])
    Asked.times = 0
    for name in known.names():
        assert known.find(name).name == name
        assert known.source(name).rows
        known.replaced(name)
    assert 300 < Asked.times < 20 * 300
