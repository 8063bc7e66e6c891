"""Steps and phases as bars on one scale."""

import pytest

from builder.dossier.timeline import timeline
from builder.model.event import Event, Kind
from builder.model.template import StepTime
from builder.record.builds import Build
from tests import values

STEPS = (StepTime(step="Staging", seconds=2), StepTime(step="Remastering", seconds=1))


def build(state: str, seconds: float = 10, *, step: str = "") -> Build:
    return values.build(state, seconds, step=step, steps=STEPS)


def event(seconds: float, kind: Kind, text: str = "", done: int | None = None) -> Event:
    total = None if done is None else 165
    return Event(time="", seconds=seconds, kind=kind, text=text, done=done, total=total)


TOLD = (
    event(0, "step", "Staging"),
    event(1, "note", "it is there"),
    event(2, "step", "Installing"),
    event(3, "phase", "boot"),
    event(5, "phase", "packages"),
    event(6, "package", done=1),
    event(7, "package", done=80),
)
MISSED = Event(time="", seconds=7, kind="phase", text="boot loader", replayed=True)
END = (event(8, "step", "Publishing"), event(9, "end", "done"))

Rows = list[tuple[str, str, float, float, str, str]]

CASES: dict[str, tuple[Build, tuple[Event, ...], Rows]] = {
    "told by events": (
        build("done", 9),
        TOLD + END,
        [
            ("step", "Staging", 0, 2, "done", ""),
            ("step", "Installing", 2, 8, "done", ""),
            ("phase", "boot", 3, 5, "done", ""),
            ("phase", "packages", 5, 8, "done", "80 of 165"),
            ("step", "Publishing", 8, 9, "done", ""),
        ],
    ),
    "a step that failed, and its phase": (
        build("failed"),
        TOLD,
        [
            ("step", "Staging", 0, 2, "done", ""),
            ("step", "Installing", 2, 10, "failed", ""),
            ("phase", "boot", 3, 5, "done", ""),
            ("phase", "packages", 5, 10, "failed", "80 of 165"),
        ],
    ),
    "without events, the steps of build.json": (
        build("done"),
        (),
        [("step", "Staging", 0, 2, "done", ""), ("step", "Remastering", 2, 3, "done", "")],
    ),
    "and the step that it is in": (
        build("running", step="Installing"),
        (),
        [
            ("step", "Staging", 0, 2, "done", ""),
            ("step", "Remastering", 2, 3, "done", ""),
            ("step", "Installing", 3, 10, "running", ""),
        ],
    ),
    "a step that another process went on with": (
        build("done", 9),
        (*TOLD, event(7, "step", "Installing"), MISSED, event(8, "phase", "scripts"), END[-1]),
        [
            ("step", "Staging", 0, 2, "done", ""),
            ("step", "Installing", 2, 9, "done", ""),
            ("phase", "boot", 3, 5, "done", ""),
            ("phase", "packages", 5, 7, "done", "80 of 165"),
            ("phase", "boot loader", 7, 8, "done", "began earlier"),
            ("phase", "scripts", 8, 9, "done", ""),
        ],
    ),
    "events that outlast the build's time": (
        build("failed", 1),
        (event(0, "step", "Installing"), event(3, "failure", "No.")),
        [("step", "Installing", 0, 3, "failed", "")],
    ),
    "times that run backwards": (
        build("done", 1),
        (event(5, "step", "Staging"), event(3, "step", "Installing")),
        [("step", "Staging", 5, 5, "done", ""), ("step", "Installing", 3, 3, "done", "")],
    ),
}


@pytest.mark.parametrize(("build", "events", "rows"), CASES.values(), ids=CASES.keys())
def test_bars(build: Build, events: tuple[Event, ...], rows: Rows) -> None:
    bars = timeline(build, events).bars
    assert [
        (bar.kind, bar.label, bar.begin, bar.end, bar.state, bar.detail) for bar in bars
    ] == rows


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (0, (0,)),
        (0.4, (0,)),
        (5, (0, 1, 2, 3, 4, 5)),
        (72, (0, 15, 30, 45, 60)),
        (5400, (0, 900, 1800, 2700, 3600, 4500, 5400)),
        (10**9, ()),
    ],
)
def test_scale(seconds: float, ticks: tuple[int, ...]) -> None:
    assert timeline(build("done", seconds), ()).ticks == ticks


@pytest.mark.parametrize(
    ("at", "percent"), [(0, 0), (5, 50), (10, 100), (20, 100), (-1, 0), (1 / 3, 3.33)]
)
def test_percent(at: float, percent: float) -> None:
    assert timeline(build("done"), ()).percent(at) == percent


def test_a_flood_of_phases_is_cut() -> None:
    flood = tuple(event(each, "phase", str(each)) for each in range(1000))
    assert len(timeline(build("done"), flood).bars) == 100
