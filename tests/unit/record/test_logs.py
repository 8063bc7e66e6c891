"""Guests' logs: read from the end, as they grow, and cleaned."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.record import logs


def test_a_log_is_read_whole_or_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"0123456789" * 20_000)
    assert b"".join(logs.chunks(path)) == path.read_bytes()
    assert b"".join(logs.chunks(path, most=15)) == b"567890123456789"


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"one\r\ntwo", ["one", "two"]),
        (b"\x1b[31mred\x1b[0m\n", ["red"]),
        (b"a\tb\n", ["a       b"]),
        ("C1 \x9b31m, bidi \u202eevil\n".encode(), ["C1 31m, bidi evil"]),
        (b"x" * 5000 + b"\n", ["x" * 1000]),
        (b"\xff\xfe!", ["\ufffd\ufffd!"]),
    ],
)
def test_what_is_printed_is_safe(raw: bytes, lines: list[str]) -> None:
    for size in (1, 3, len(raw)):
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        assert list(logs.cleaned(pieces)) == lines


class Play:
    """A build that does one thing at each look, and ends after the last."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        self._deeds = list(deeds)

    def going(self) -> bool:
        return bool(self._deeds)

    def wait(self, _seconds: float) -> None:
        self._deeds.pop(0)()


def test_a_growing_log_is_followed_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "console.log"

    def append(text: bytes) -> Callable[[], object]:
        def deed() -> None:
            with path.open("ab") as file:
                file.write(text)

        return deed

    def rotate() -> None:
        path.rename(tmp_path / "console.log.0")
        path.write_bytes(b"new")

    play = Play(append(b"one "), lambda: None, append(b"and more "), rotate, append(b" end"))
    pieces = list(logs.growing(path, play.going, wait=play.wait))
    assert pieces == [b"one ", b"and more ", b"new", b" end"]


def test_a_log_that_never_came_is_empty(tmp_path: Path) -> None:
    assert list(logs.growing(tmp_path / "none", Play().going)) == []
