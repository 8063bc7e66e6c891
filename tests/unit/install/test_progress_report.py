"""How far an installation is, on a clock of the test's own."""

import time

import pytest

from builder.cli.output import TerminalMonitor
from builder.install.progress import Position
from builder.install.progress_report import ProgressReport
from tests.monitors import Heard

EXPECTED = {"packages": 60.0, "scripts": 40.0}


def shown(*positions: Position, expected: dict[str, float] = EXPECTED, seconds: int = 0) -> Heard:
    """Move to the positions, that many seconds after the beginning."""
    clock, heard = [0], Heard()
    track = ProgressReport(heard, heard, expected=expected, now=lambda: clock[0])
    clock[0] = seconds
    for position in positions:
        track.move(position)
    return heard


@pytest.mark.parametrize(
    ("position", "seconds", "percent", "text"),
    [
        (Position(phase="packages", done=3, total=6), 30, 30, "packages 3/6, 1 min left"),
        (Position(phase="scripts"), 70, 60, "scripts, 40 s left"),
        (Position(phase="shutdown"), 100, 100, "shutdown, 1 s left"),
    ],
)
def test_percent_and_time_left(position: Position, seconds: int, percent: int, text: str) -> None:
    heard = shown(position, seconds=seconds)
    assert (heard.done, heard.texts[-1]) == (percent, text)


def test_a_first_installation_has_no_time_left() -> None:
    heard = shown(Position(phase="packages", done=1, total=2), expected={})
    assert heard.texts[-1] == "packages 1/2"
    assert 0 < heard.done < 100


def test_it_never_goes_back() -> None:
    heard = shown(Position(phase="scripts"), Position(phase="packages", done=1, total=6))
    assert heard.done == 60


def test_a_line_tells_of_the_phase_that_was_just_announced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monitor = TerminalMonitor(bars=False)
    with monitor.progress("installed", total=100, unit="%") as progress:
        track = ProgressReport(monitor, progress, expected={}, now=lambda: clock[0])
        for phase in ("stage 2", "storage"):
            clock[0] += 11
            track.move(Position(phase=phase))
    lines = capsys.readouterr().err.split("\n")
    assert [line.strip() for line in lines if line] == [
        "phase: stage 2",
        "installed: 22 %, stage 2",
        "phase: storage",
        "installed: 39 %, storage",
    ]
