"""Tables of which `make test` runs enough, and `make matrix` the rest."""

from collections.abc import Sequence
from typing import Any

import pytest


def crossed(rows: Sequence[tuple[Any, ...]], columns: Sequence[Any]) -> list[Any]:
    """Return each row with each column as its last value.

    Without the marker `matrix` are as many as show each row and each column once.
    """
    return [
        pytest.param(
            *row,
            column,
            marks=() if place % len(rows) == number % len(columns) else pytest.mark.matrix,
        )
        for number, row in enumerate(rows)
        for place, column in enumerate(columns)
    ]
