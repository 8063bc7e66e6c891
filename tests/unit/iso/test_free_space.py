"""What has to be inserted when the room is used up."""

import pytest

from builder.iso.free_space import FreeSpace
from builder.iso.partitions import Insertion


def _room(*, moving: range = range(500, 500), gap_end: int | None = None) -> FreeSpace:
    return FreeSpace(first=400, end=500, stale=(), moving=moving, gap_end=gap_end)


@pytest.mark.parametrize(
    ("room", "last", "insertion"),
    [
        (_room(), 450, Insertion(at=500)),
        (_room(), 500, Insertion(at=500)),
        (_room(), 501, Insertion(at=500, count=1)),
        (_room(gap_end=600), 550, Insertion(at=500, count=50, until=600)),
        (_room(gap_end=600), 600, Insertion(at=500, count=100)),
        (_room(gap_end=600), 700, Insertion(at=500, count=200)),
        # What moves moves by steps: then a slightly larger kickstart changes nothing.
        (_room(moving=range(500, 900)), 501, Insertion(at=500, count=64)),
        (_room(moving=range(500, 900)), 565, Insertion(at=500, count=128)),
        (_room(moving=range(500, 900), gap_end=965), 501, Insertion(at=500, count=64, until=965)),
        (_room(moving=range(500, 900), gap_end=964), 501, Insertion(at=500, count=64)),
        # Of a large gap only the beginning was looked at.
        (_room(gap_end=1 << 20), 500 + 5000, Insertion(at=500, count=5000)),
    ],
)
def test_insertion(room: FreeSpace, last: int, insertion: Insertion) -> None:
    assert room.insertion(last) == insertion


@pytest.mark.parametrize(
    ("sector", "moves"), [(499, False), (500, True), (599, True), (600, False)]
)
def test_what_moves(sector: int, *, moves: bool) -> None:
    assert Insertion(at=500, count=9, until=600).moves(sector) is moves
