"""When the steps and phases of a build began and ended, as bars on one scale."""

from collections.abc import Iterator

import msgspec

from builder.model.event import Event
from builder.record.builds import Build

_MOST = 100
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
_TICKS = 6


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One step or phase; seconds since the build began."""

    label: str
    kind: str
    """"step", or "phase" of the step before it."""
    begin: float
    end: float
    state: str = "done"
    """Of the build, for where it is or stopped: "failed", "running", …"""
    detail: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Bars in the order of their beginnings, and the scale below them."""

    bars: tuple[Bar, ...]
    seconds: float
    ticks: tuple[int, ...]

    def percent(self, seconds: float) -> float:
        """Return where on the scale a time is."""
        return round(100 * min(1.0, max(0.0, seconds / self.seconds)), 2) if self.seconds else 0.0


def timeline(build: Build, events: tuple[Event, ...]) -> Timeline:
    """Return the timeline by the build's events; by the steps that build.json has without them."""
    seconds = max([build.seconds, *(event.seconds for event in events[-1:])])
    marks = list(_marks(events))[:_MOST]
    bars = list(_told(marks, seconds, events) if marks else _counted(build, seconds))
    return Timeline(bars=_judged(bars, build.state), seconds=seconds, ticks=_ticks(seconds))


def _marks(events: tuple[Event, ...]) -> Iterator[Event]:
    """Yield what begins a bar; a step that another process goes on with is one step."""
    step = ""
    for event in events:
        if event.kind == "phase" or (event.kind == "step" and event.text != step):
            yield event
        step = event.text if event.kind == "step" else step


def _told(marks: list[Event], end: float, events: tuple[Event, ...]) -> Iterator[Bar]:
    for index, mark in enumerate(marks):
        # A step ends where another begins; a phase also where its step ends.
        enders = (each for each in marks[index + 1 :] if each.kind in ("step", mark.kind))
        after = next(enders, None)
        yield Bar(
            label=mark.text,
            kind=mark.kind,
            begin=mark.seconds,
            end=max(mark.seconds, after.seconds if after else end),
            detail=_detail(mark, events),
        )


def _detail(mark: Event, events: tuple[Event, ...]) -> str:
    if mark.replayed:
        return "began earlier"
    return _packages(events) if mark.text == "packages" else ""


def _packages(events: tuple[Event, ...]) -> str:
    counts = [event for event in events if event.kind == "package" and event.total]
    return f"{counts[-1].done} of {counts[-1].total}" if counts else ""


def _counted(build: Build, end: float) -> Iterator[Bar]:
    at = 0.0
    for step in build.record.steps[:_MOST]:
        yield Bar(label=step.step, kind="step", begin=at, end=at + step.seconds)
        at += step.seconds
    if build.record.step:
        yield Bar(label=build.record.step, kind="step", begin=at, end=max(at, end))


def _judged(bars: list[Bar], state: str) -> tuple[Bar, ...]:
    """Give what was going on last the build's own state."""
    if state == "done" or not bars:
        return tuple(bars)
    last = max(index for index, bar in enumerate(bars) if bar.kind == "step" or index == 0)
    return tuple(
        msgspec.structs.replace(bar, state=state) if index in (last, len(bars) - 1) else bar
        for index, bar in enumerate(bars)
    )


def _ticks(seconds: float) -> tuple[int, ...]:
    step = next((nice for nice in _NICE if seconds / nice <= _TICKS), 0)
    return tuple(range(0, int(seconds) + 1, step)) if step else ()
