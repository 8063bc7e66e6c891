"""Texts for people."""

from datetime import UTC, datetime

import pytest

from builder.model.text import duration, plain, rfc3339


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü", "plain ü"),
        ("esc\x1b[31m \x9bred\u202e", "esc[31m red"),
        ("two\nlines", "twolines"),
        ("a\tb", "a       b"),
        ("x" * 2000, "x" * 1000),
    ],
)
def test_what_a_terminal_may_show(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_moment() -> None:
    moment = datetime(2026, 11, 28, 19, 30, 5, 250_900, tzinfo=UTC)
    assert rfc3339(moment) == "2026-11-28T19:30:05Z"
    assert rfc3339(moment, "milliseconds") == "2026-11-28T19:30:05.250Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (1.25, "1.2 s"), (9.97, "10 s"), (59.7, "1 min 00 s"), (65, "1 min 05 s"),
     (3599.6, "1 h 00 min"), (7400, "2 h 03 min")],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
