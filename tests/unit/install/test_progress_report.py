"""How far an installation is, on a clock of the test's own."""

import time

import pytest

from builder.cli.output import TerminalMonitor
from builder.install.progress import Position
from builder.install.progress_report import ProgressReport
from builder.model.installation import Told
from tests.monitors import Heard

JOINED = Told(phases={"firmware": 100, "boot": 80, "packages": 50}, package="a", done=1, total=3)
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


def at(phase: str, done: int = 1) -> Position:
    return Position(phase=phase, package="abc"[done - 1], done=done, total=3)


PACKAGES, LOADER, SCRIPTS = at("packages"), at("boot loader"), at("scripts")


@pytest.mark.parametrize(
    ("told", "missed", "live", "news", "seconds"),
    [
        # Killed and joined in the same phase: nothing is missed.
        (
            JOINED,
            [],
            [at("packages", 2), LOADER],
            [("package", "b", False), ("phase", "boot loader", False)],
            {"firmware": 20, "boot": 30, "packages": 60, "boot loader": 10},
        ),
        (
            JOINED,
            [at("packages", 3), LOADER],
            [SCRIPTS],
            [
                ("package", "c", True),
                ("phase", "boot loader", True),
                ("phase", "scripts", False),
            ],
            {"firmware": 20, "boot": 30, "scripts": 10},
        ),
        # Joined when all was over: what was the last, too, ended nobody knows when.
        (
            JOINED,
            [LOADER, SCRIPTS],
            [],
            [("phase", "boot loader", True), ("phase", "scripts", True)],
            {"firmware": 20, "boot": 30},
        ),
        (JOINED, [], [], [], {"firmware": 20, "boot": 30}),
        # Joined a second time, after another process had missed something.
        (
            Told(phases={"firmware": 100, "boot": None, "packages": 50}, done=1, total=3),
            [],
            [LOADER],
            [("phase", "boot loader", False)],
            {"packages": 60, "boot loader": 10},
        ),
        (Told(), [PACKAGES], [], [("phase", "packages", True), ("package", "a", True)], {}),
    ],
    ids=["nothing missed", "missed", "over", "silent", "joined twice", "nothing known"],
)
def test_who_joins_tells_what_is_new(
    told: Told,
    missed: list[Position],
    live: list[Position],
    news: list[tuple[str, str, bool]],
    seconds: dict[str, float],
) -> None:
    clock, heard = [1000], Heard()
    report = ProgressReport(heard, heard, expected=EXPECTED, now=lambda: clock[0], told=told)
    for position in missed:
        report.move(position)
    clock[0] += 10
    for position in live:
        report.live = True
        report.move(position)
    clock[0] += 10
    report.end()
    assert [(kind, text, "replayed" in details) for kind, text, details in heard.told] == news
    assert report.seconds == seconds


def test_the_time_left_counts_from_where_the_phase_began() -> None:
    heard = Heard()
    known = Told(phases={"firmware": 100, "scripts": 30})
    report = ProgressReport(heard, heard, expected=EXPECTED, now=lambda: 1000, told=known)
    report.show()
    assert heard.texts == ["scripts, 10 s left"]
