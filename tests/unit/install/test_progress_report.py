"""How far an installation is, on a clock of the test's own."""

import pytest

from builder.install.progress import Position
from builder.install.progress_report import ProgressReport
from builder.monitor import SilentMonitor


class Bar:
    def __init__(self) -> None:
        self.percent = 0
        self.text = ""

    def advance(self, amount: int = 1) -> None:
        assert amount >= 0
        self.percent += amount

    def describe(self, text: str) -> None:
        self.text = text


EXPECTED = {"packages": 60.0, "scripts": 40.0}


@pytest.mark.parametrize(
    ("position", "seconds", "percent", "text"),
    [
        (Position(phase="packages", done=3, total=6), 30, 30, "packages 3/6, 1 min left"),
        (Position(phase="scripts"), 70, 60, "scripts, 40 s left"),
        (Position(phase="shutdown"), 100, 100, "shutdown, 1 s left"),
    ],
)
def test_percent_and_time_left(position: Position, seconds: int, percent: int, text: str) -> None:
    clock, bar = [0.0], Bar()
    track = ProgressReport(SilentMonitor(), bar, expected=EXPECTED, now=lambda: clock[0])
    clock[0] = seconds
    track.move(position)
    assert (bar.percent, bar.text) == (percent, text)


def test_a_first_installation_has_no_time_left() -> None:
    bar = Bar()
    track = ProgressReport(SilentMonitor(), bar, expected={}, now=lambda: 0.0)
    track.move(Position(phase="packages", done=1, total=2))
    assert bar.text == "packages 1/2"
    assert 0 < bar.percent < 100


def test_it_never_goes_back() -> None:
    bar = Bar()
    track = ProgressReport(SilentMonitor(), bar, expected=EXPECTED, now=lambda: 0.0)
    track.move(Position(phase="scripts"))
    track.move(Position(phase="packages", done=1, total=6))
    assert bar.percent == 60
