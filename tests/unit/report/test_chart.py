"""Shapes of figures over time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.report.chart import HEIGHT, bars, line


@pytest.mark.parametrize(
    ("values", "heights"),
    [
        ([], []),
        ([None], []),
        ([0.0], [1]),
        ([10.0, 5.0], [40, 20]),
        ([10.0, None, 0.01], [40, 1]),
    ],
)
def test_bars(values: list[float | None], heights: list[float]) -> None:
    found = bars(values)
    assert [each.height for each in found.marks] == heights
    assert all(each.y + each.height == HEIGHT for each in found.marks)
    assert found.width == 30
    assert all(each.x - each.night == 30 - len(values) for each in found.marks)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([5.0], "M29 2h0.5"),
        ([5.0, 5.0, 5.0], "M27 2h2h0.5"),
        ([100.0, 50.0], "M28 2L29 38"),
        ([100.0, 99.0], "M28 2L29 5.6"),  # a hundredth is no cliff
        ([None, 100.0, None, 100.0, 0.0, 50.0], "M25 2h2L29 38"),
    ],
)
def test_a_line(values: list[float | None], path: str) -> None:
    assert line(values).path == path


def test_a_line_of_nothing() -> None:
    assert line([None, 0.0, -1.0]).marks == ()


@given(st.lists(st.none() | st.floats(0, 1e15)))
def test_no_shape_leaves_its_picture(values: list[float | None]) -> None:
    for found in (bars(values), line(values)):
        for mark in found.marks:
            assert 0 <= mark.y <= HEIGHT
            assert 0 <= mark.x < mark.x + mark.width <= found.width
            assert 0 <= mark.height <= HEIGHT
