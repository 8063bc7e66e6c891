"""What the events of a build tell of an installation to whoever joins it."""

import pytest

from builder.install.told import told
from builder.model.event import Event, Kind
from builder.model.installation import Told


def event(seconds: float, kind: Kind, text: str, *, done: int | None = None) -> Event:
    total = None if done is None else 165
    return Event(time="", seconds=seconds, kind=kind, text=text, done=done, total=total)


def replayed(seconds: float, text: str) -> Event:
    return Event(time="", seconds=seconds, kind="phase", text=text, replayed=True)


BEGUN = (event(1, "step", "Installing"), event(2, "phase", "firmware"))
COUNTED = (*BEGUN, event(10, "phase", "packages"), event(11, "package", "bash", done=1))


@pytest.mark.parametrize(
    ("events", "known"),
    [
        ((), Told()),
        (BEGUN[:1], Told()),
        (BEGUN, Told(phases={"firmware": 98})),
        (
            (*COUNTED, event(12, "package", "vim", done=2), event(12, "note", "x")),
            Told(phases={"firmware": 98, "packages": 90}, package="vim", done=2, total=165),
        ),
        # What a second process has read of the time when nobody was there.
        (
            (
                *BEGUN,
                event(50, "step", "Installing"),
                replayed(50, "boot"),
                event(60, "phase", "x"),
            ),
            Told(phases={"firmware": 98, "boot": None, "x": 40}),
        ),
        # A guest that the host took away: another begins.
        ((*COUNTED, event(40, "phase", "firmware")), Told(phases={"firmware": 60})),
        # Events of a builder that did not tell how a guest begins.
        (COUNTED[2:], Told()),
        # A clock that was set back.
        ((event(500, "phase", "firmware"),), Told(phases={"firmware": 0})),
    ],
    ids=range(8),
)
def test_what_is_known(events: tuple[Event, ...], known: Told) -> None:
    assert told(events, now=100) == known
