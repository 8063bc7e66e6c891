"""Links to builds, for people: where they are wanted, and never a build's trouble."""

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
