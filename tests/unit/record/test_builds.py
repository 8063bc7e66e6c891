"""The builds: which there are, how they are doing, which one a word means."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.errors import HostError, UsageError
from builder.files import abandoned, locked
from builder.monitor import SilentMonitor
from builder.record.builds import load
from builder.record.journal import Journal
from builder.record.listing import builds, find
from builder.record.verifications import known
from tests.monitors import Heard
from tests.users import as_a_user
from tests.values import recorded

ID = "20261125T094005-96974f0b"
WRITTEN = datetime(2026, 11, 25, 9, 40, 5, tzinfo=UTC).timestamp()


def make(folder: Path, *, seconds: int = 0, **content: object) -> Path:
    """Make the folder of a build, whose record was written so long after 9:40:05."""
    recorded(folder, **content)
    os.utime(folder / "build.json", (WRITTEN + seconds, WRITTEN + seconds))
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    make(tmp_path / "centos7/20261125T094005-96974f0b", state="done")
    make(tmp_path / "centos7/20261125T094006-5646559a", state="failed", error="No.")
    running = make(tmp_path / "rehearsal/20261124T000000-aaaaaaaa", state="running")
    make(tmp_path / "rehearsal/20261123T000000-bbbbbbbb", state="running")
    (tmp_path / "README.md").touch()
    (tmp_path / "centos7" / "notes").mkdir()
    (tmp_path / "centos7" / "torn").mkdir()
    (tmp_path / "centos7" / "torn" / "build.json").write_text('{"build_id":')
    with locked(running):
        yield tmp_path


def test_newest_first(place: Path) -> None:
    found = [
        (each.record.build_id[9:15], each.state) for each in builds(place, monitor=SilentMonitor())
    ]
    assert found == [
        ("094006", "failed"), ("094005", "done"), ("000000", "running"), ("000000", "abandoned"),
    ]  # fmt: skip
    assert [each.record.name for each in builds(place, "rehearsal", monitor=SilentMonitor())] == [
        "rehearsal"
    ] * 2
    assert builds(place, "nosuch", monitor=SilentMonitor()) == ()
    assert builds(place / "nosuch", monitor=SilentMonitor()) == ()


@pytest.mark.parametrize(
    ("word", "build_id"),
    [
        ("20261125T094005-96974f0b", "20261125T094005-96974f0b"),
        ("20261125T094005", "20261125T094005-96974f0b"),
        ("20261124", "20261124T000000-aaaaaaaa"),
        ("centos7", "20261125T094006-5646559a"),
        ("rehearsal", "20261124T000000-aaaaaaaa"),
    ],
)
def test_a_word_means_a_build(place: Path, word: str, build_id: str) -> None:
    assert find(place, word).record.build_id == build_id


def test_so_does_its_folder(place: Path) -> None:
    folder = place / "centos7" / "20261125T094005-96974f0b"
    assert find(place / "elsewhere", str(folder)).folder == folder


@pytest.mark.parametrize(
    ("word", "sentence", "hint"),
    [
        ("centos", "There is no build 'centos'.", "Did you mean centos7?"),
        ("", "There is no build ''.", "Known: centos7, rehearsal."),
        ("xyz", "There is no build 'xyz'.", "Known: centos7, rehearsal."),
        ("30000101T000000", "There is no build '30000101T000000'.", "2026"),
        ("20261125", "2 builds begin with 20261125.", "20261125T094005-96974f0b, 20261125T094006"),
    ],
)
def test_other_words_do_not(place: Path, word: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(place, word)
    assert caught.value.message == sentence
    assert hint in caught.value.hint


def test_an_id_that_two_have_is_none_to_say_more_of(tmp_path: Path) -> None:
    for name in ("a", "b c"):
        make(tmp_path / name / "prod-db", state="running")
    make(tmp_path / "a/prod-db-7", state="running")
    for word, what in (("prod-db", "2 builds have the id prod-db."), ("prod", "3 builds begin")):
        with pytest.raises(UsageError, match=what) as caught:
            find(tmp_path, word)
        assert f"by its folder: {tmp_path}/a/prod-db, " in caught.value.hint
        assert f"'{tmp_path}/b c/prod-db'." in caught.value.hint


def test_a_copy_or_what_calls_itself_so_stands_in_nobody_s_way(place: Path) -> None:
    build_id = "20261125T094006-5646559a"
    shutil.copytree(place / "centos7" / build_id, place / "centos7" / f"{build_id}.bak")
    make(place / "zz/notes", build_id="zz", name="centos7", began="2099-01-01T00:00:00Z")
    for word in (build_id, "centos7"):
        assert find(place, word).folder == place / "centos7" / build_id


FLAWS: dict[str, tuple[str, dict[str, str], str]] = {
    "none": (ID, {}, ""),
    "an id that is none": ("prod-db", {}, "or its build.json right"),
    "another id": (ID, {"build_id": "prod-db"}, "or its build.json right"),
    "another name": (ID, {"name": "x"}, "or its build.json right"),
    "a link": (ID, {}, "that it leads to"),
    "another user's": (ID, {}, "Only its owner"),
}


@pytest.mark.parametrize(("name", "content", "hint"), FLAWS.values(), ids=FLAWS)
def test_each_flaw_has_its_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: dict[str, str],
    hint: str,
) -> None:
    folder = recorded(tmp_path / "centos7" / name, **({"state": "running"} | content))
    if "leads" in hint:
        folder.rename(tmp_path / ID)
        folder.symlink_to(f"../{ID}")
    if "owner" in hint:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    build = load(folder)
    assert build is not None
    assert hint in build.remedy
    assert bool(hint) == bool(build.flaw) == bool(build.remedy)
    assert ("`builder attach" in build.result) == (not hint)
    if hint:
        with pytest.raises(HostError, match="is left alone") as caught:
            Journal.join(folder, monitor=SilentMonitor())
        assert caught.value.hint == build.remedy


@pytest.mark.parametrize(
    ("content", "began", "seconds"),
    [
        ({}, "2026-11-25T09:40:05+00:00", 60),
        ({"began": "2026-11-25T09:40:10Z"}, "2026-11-25T09:40:10+00:00", 55),
        (
            {"began": "2026-11-25T09:40:10Z", "ended": "2026-11-25T09:41:10.5Z"},
            "2026-11-25T09:40:10+00:00",
            60.5,
        ),
        ({"began": "nonsense", "ended": "2026-11-25T09:40:06"}, "2026-11-25T09:40:05+00:00", 1),
        ({"ended": "2026-11-25T09:00:00Z"}, "2026-11-25T09:40:05+00:00", 0),
        ({"began": "0001-01-01T00:00:00+14:00"}, "2026-11-25T09:40:05+00:00", 60),
        ({"ended": "9999-12-31T23:59:59-14:00"}, "2026-11-25T09:40:05+00:00", 60),
        ({"began": "2026-11-25T10:40:10+01:00"}, "2026-11-25T09:40:10+00:00", 55),
    ],
)
def test_times(tmp_path: Path, content: dict[str, str], began: str, seconds: float) -> None:
    folder = tmp_path / "centos7/20261125T094005-96974f0b"
    build = load(make(folder, seconds=60, state="done", **content))
    assert build is not None
    assert (build.began.isoformat(), build.seconds) == (began, seconds)


def test_an_abandoned_build_took_until_it_was_last_heard_of(tmp_path: Path) -> None:
    folder = make(tmp_path / "centos7/20261125T094005-96974f0b", state="running")
    (folder / "console.log").touch()
    os.utime(folder / "console.log", (WRITTEN + 90, WRITTEN + 90))
    build = load(folder)
    assert build is not None
    assert (build.state, build.seconds) == ("abandoned", 90)
    assert build.result.endswith("`builder attach 20261125T094005-96974f0b`")


def test_a_link_means_the_build_that_it_leads_to(place: Path) -> None:
    folder = place / "centos7" / "20261125T094005-96974f0b"
    (place / "link").symlink_to(folder)
    assert find(place / "elsewhere", str(place / "link")).folder == folder


IDS = "20261125T094005-96974f0b", "20261125T094006-5646559a"
CLOSED: dict[str, tuple[str, int, list[str]]] = {
    "a release": ("centos7", 0, ["centos7"]),
    "a release that is only listed": ("centos7", 0o644, ["centos7"]),
    "a build": (f"centos7/{IDS[0]}", 0, [f"centos7/{IDS[0]}/build.json"]),
    "a record": (f"centos7/{IDS[0]}/build.json", 0, [f"centos7/{IDS[0]}/build.json"]),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")
@pytest.mark.parametrize(("path", "mode", "told"), CLOSED.values(), ids=CLOSED)
def test_what_is_closed_is_told_and_stops_nobody(
    place: Path, path: str, mode: int, told: list[str]
) -> None:
    (place / path).chmod(mode)
    monitor = Heard()
    with as_a_user(place):
        found = builds(place, monitor=monitor)
        words = [str(place / "centos7" / IDS[0]), IDS[0]]
        for word in [*words, "centos7"][: None if path == "centos7" else 2]:
            with pytest.raises(HostError, match=r"Cannot read .*: Permission denied"):
                find(place, word)
    assert [each.record.name for each in found][-2:] == ["rehearsal"] * 2
    assert monitor.told == [
        ("warning", f"Cannot read {place / each}: Permission denied", {}) for each in told
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")
@pytest.mark.parametrize("mode", [0, 0o644, 0o311])
def test_what_cannot_be_read_is_not_empty(place: Path, mode: int) -> None:
    monitor = Heard()
    with as_a_user(place):
        place.chmod(mode)
        with pytest.raises(HostError, match=f"Cannot read {place}: Permission denied"):
            builds(place, monitor=monitor)
        for read in (known, abandoned):
            with pytest.raises(HostError, match=f"Cannot read {place}: Permission denied"):
                read(place)
    assert monitor.told == []


def test_a_link_to_nothing_is_not_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "builds").symlink_to("unmounted/builds")
    (tmp_path / "state").symlink_to("unmounted")
    for place in (tmp_path / "builds", tmp_path / "state" / "builds"):
        with pytest.raises(HostError, match=f"Cannot read {place}: No such file"):
            builds(place, monitor=SilentMonitor())


@pytest.mark.parametrize(("stamp", "year"), [(3e11, 9999), (-1e11, 1970), (2.0**63, 9999)])
def test_a_file_of_a_year_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: float, year: int
) -> None:
    folder = recorded(tmp_path / "centos7/by-hand", state="running")
    # Not every file system keeps such a time.
    of_a_file = SimpleNamespace(st_mtime=stamp, st_mode=stat.S_IFREG)
    monkeypatch.setattr(Path, "stat", lambda _path, **_how: of_a_file)
    build = load(folder)
    assert build is not None
    assert build.began.year == year


def test_an_id_without_a_time_has_that_of_its_file(tmp_path: Path) -> None:
    build = load(make(tmp_path / "centos7/by-hand", state="done"))
    assert build is not None
    assert build.began.timestamp() == WRITTEN
