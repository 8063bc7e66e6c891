"""Texts for people."""

from datetime import UTC, datetime

import pytest

from builder.model.text import duration, plain, rfc3339, shown, whole_number


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


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("plain ü 漢 🐧\n\tx", "plain ü 漢 🐧\n\tx"),
        ("\x1b]0;pwned\x07\x00\x7f", r"\x1b]0;pwned\x07\x00\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("over\rwritten", r"over\rwritten"),
        (
            "\u202a\u202e\u2066\u2069\u200f\u2028\u2029",
            r"\u202a\u202e\u2066\u2069\u200f\u2028\u2029",
        ),
        ("byte \udcff, half \ud800", r"byte \xff, half \ud800"),
        ("\ufeff\U000e0041", r"\ufeff\U000e0041"),
    ],
)
def test_what_is_spelled_out(text: str, spelled: str) -> None:
    assert shown(text) == spelled
    assert shown(spelled) == spelled


def test_what_must_be_one_line() -> None:
    assert shown("a\n\tb", keep="") == r"a\n\tb"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None),
     ("", None), ("²", None), ("٣", None), ("-1", None), ("+1", None), ("1_0", None), (" 1", None)],
)  # fmt: skip
def test_numbers_that_strangers_write(text: str, number: int | None) -> None:
    assert whole_number(text) == number


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
