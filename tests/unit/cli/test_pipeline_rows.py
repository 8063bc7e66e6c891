"""An image's line on terminals of any width."""

import pytest

from builder.cli.pipeline.rows import Row, line
from builder.pipeline.messages import Counted, Counting, CountOver, Message, Step, Told

STEP = Step(title="Installing")
PACKAGES = Counting(number=1, title="install", total=100, unit="%")
HALF = Counted(number=1, done=50, text="packages 200 of 400")


def row(*messages: Message, expected: float | None = None, name: str = "rocky9") -> Row:
    made = Row(name, expected=expected, began=0.0)
    for each in messages:
        made.hear(each)
    return made


@pytest.mark.parametrize(
    ("said", "expected", "width", "shown"),
    [
        ([], None, 70, "rocky9    beginning                                               1:05"),
        (
            [STEP],
            None,
            70,
            "rocky9    Installing                                              1:05",
        ),
        (
            [STEP, Told(kind="phase", text="storage")],
            None,
            70,
            "rocky9    Installing: storage                                     1:05",
        ),
        (
            [STEP, PACKAGES, HALF],
            250,
            80,
            "rocky9    Installing: packages 200 of 400   [######------]  50%  1:05, 3:05 left",
        ),
        (
            [STEP, PACKAGES, HALF],
            250,
            50,
            "rocky9    Installing: packages 2…  1:05, 3:05 left",
        ),
        ([STEP, PACKAGES, HALF], 250, 30, "rocky9    Installing: package…"),
        ([STEP, PACKAGES, HALF], 250, 9, "roc…  In…"),
        ([STEP, PACKAGES, HALF], 250, 1, "…"),
        ([STEP, PACKAGES, HALF], 250, 0, ""),
        (
            [STEP, PACKAGES, HALF, CountOver(number=1)],
            60,
            40,
            "rocky9    Installing                1:05",
        ),
        ([PACKAGES, HALF, STEP], None, 40, "rocky9    Installing                1:05"),
        ([Counted(number=7, done=1)], None, 40, "rocky9    beginning                 1:05"),
        (
            [Step(title="Fetching \x1b[2J漢字")],
            None,
            40,
            "rocky9    Fetching \\x1b[2J漢字      1:05",
        ),
    ],
    ids=[
        "nothing yet",
        "a step",
        "a phase",
        "a count, and what is left",
        "no room for the bar",
        "none for times",
        "hardly any",
        "one column",
        "none",
        "a count that is over, longer than ever",
        "a step ends a count",
        "a count that nobody began",
        "what a terminal would obey, and wide signs",
    ],
)
def test_line(said: list[Message], expected: float | None, width: int, shown: str) -> None:
    assert line(row(*said, expected=expected), width, named=8, now=65.0) == shown


@pytest.mark.parametrize("width", range(120))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for name in ("a", "漢字" * 20, "x" * 200):
        text = line(row(STEP, PACKAGES, HALF, expected=10_000, name=name), width, named=60)
        assert sum(2 if each in "漢字" else 1 for each in text) <= width
