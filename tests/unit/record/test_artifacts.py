"""Links to builds, for people: where they are wanted, and never a build's trouble."""

import os
from pathlib import Path
from typing import Unpack

import pytest

from builder.model.event import Details, Kind
from builder.monitor import SilentMonitor
from builder.record.artifacts import link

ID = "20261128T100000-0123abcd"


class Warnings(SilentMonitor):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def tell(self, kind: Kind, text: str, **_details: Unpack[Details]) -> None:
        if kind == "warning":
            self.texts.append(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "builds" / "centos7" / ID
    made.mkdir(parents=True)
    (made / "console.log").write_text("evidence")
    return made


def test_a_build_is_linked_once_or_again(tmp_path: Path, folder: Path) -> None:
    monitor = Warnings()
    for _time in range(2):
        link(tmp_path / "new" / "links", folder, monitor=monitor)
    here = tmp_path / "new" / "links" / "centos7" / ID
    assert (here.readlink(), monitor.texts) == (folder, [])


def test_nowhere_is_no_trouble(tmp_path: Path, folder: Path) -> None:
    monitor = Warnings()
    link(None, folder, monitor=monitor)
    assert (monitor.texts, list(tmp_path.iterdir())) == ([], [tmp_path / "builds"])


def test_what_is_in_the_way_stays_and_is_told(tmp_path: Path, folder: Path) -> None:
    here = tmp_path / "links" / "centos7" / ID
    here.parent.mkdir(parents=True)
    here.write_text("mine")
    monitor = Warnings()
    link(tmp_path / "links", folder, monitor=monitor)
    assert monitor.texts == [f"there is no link to the build at {here}: File exists"]
    link(here, folder, monitor=monitor)
    assert monitor.texts[1].endswith("Not a directory")
    assert here.read_text() == "mine"


ME, ROOT, THEY, OTHERS = os.geteuid(), 0, 12345, 12346


@pytest.mark.parametrize(
    ("laid_by", "of", "followed"),
    [
        (ME, ME, True),
        (ME, THEY, True),
        (ROOT, THEY, True),
        (THEY, THEY, True),
        (THEY, ME, False),
        (THEY, OTHERS, False),
    ],
)
def test_links_lead_elsewhere_by_the_will_of_who_may_say_so(
    tmp_path: Path, folder: Path, laid_by: int, of: int, *, followed: bool
) -> None:
    links, elsewhere = tmp_path / "links", tmp_path / "elsewhere"
    links.mkdir(mode=0o777)
    elsewhere.mkdir()
    (links / "centos7").symlink_to(elsewhere)
    os.chown(links, of, of)
    os.chown(links / "centos7", laid_by, laid_by, follow_symlinks=False)
    monitor = Warnings()
    for _time in range(2):
        link(links, folder, monitor=monitor)
    assert [each.readlink() for each in elsewhere.iterdir()] == [folder] * followed
    told = f"there is no link to the build at {links}/centos7/{ID}: centos7 is another user's link"
    assert monitor.texts == ([] if followed else [told] * 2)


def test_a_link_that_comes_in_between_is_not_followed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "links" / "centos7"
    elsewhere.mkdir()
    before = os.open

    def after_the_look(path: Path, *flags: int, **more: int) -> int:
        here.rmdir()
        here.symlink_to(elsewhere)
        return before(path, *flags, **more)

    monkeypatch.setattr(os, "open", after_the_look)
    monitor = Warnings()
    link(here.parent, folder, monitor=monitor)
    assert monitor.texts[0].endswith("Not a directory")
    assert list(elsewhere.iterdir()) == []
