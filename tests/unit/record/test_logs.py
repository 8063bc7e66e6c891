"""Guests' logs: read from the end, as they grow, and cleaned."""

import base64
from collections.abc import Callable
from pathlib import Path

from builder.model.hiding import Hiding
from builder.record import logs


def test_a_log_is_read_whole_or_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"0123456789" * 20_000)
    assert b"".join(logs.chunks(path)) == path.read_bytes()
    assert b"".join(logs.chunks(path, most=15)) == b"567890123456789"


def test_what_nobody_wrote_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(1 << 40)
        file.seek(1 << 39)
        file.write(b"end")
    pieces = [*logs.chunks(path)], [*logs.growing(path, lambda: False)]
    for each in pieces:
        assert b"".join(each).replace(b"\0", b"") == b"beginend"
        assert sum(map(len, each)) <= 1 << 17  # blocks of the file system


def test_what_is_printed_is_safe() -> None:
    raw = "\x1b[31mred\x1b[0m\tand\r\n\x9b31m, \u202eevil\n\r\nlogin:\x9b".encode()
    for size in (1, 3, len(raw)):
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        assert list(logs.cleaned(pieces)) == ["red     and", "31m, evil", "login:"]


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


def test_logs_that_are_over_lose_what_is_to_be_hidden(tmp_path: Path) -> None:
    packed = base64.b64encode(b"+ echo secret\n").decode()
    (tmp_path / "audit").mkdir()
    (tmp_path / "console.log").write_bytes(b"a secret\xff\r\n")
    (tmp_path / "audit/console.log.0").write_bytes(b"secret")
    (tmp_path / "result.log").write_text(f'{{"result":"failure","log_base64":"{packed}"}}\n')
    (tmp_path / "other.log").write_text('{"log_base64":"no base64, no matter"}')
    (tmp_path / "build.json").write_text("secret")
    (tmp_path / "folder.log").mkdir()
    outside = tmp_path.with_name("outside")
    outside.write_text("secret")
    (tmp_path / "link.log").symlink_to(outside)
    with (tmp_path / "holes.log").open("w") as file:
        file.truncate(1 << 40)
    (tmp_path / "backup").hardlink_to(tmp_path / "audit/console.log.0")
    with (tmp_path / "console.log").open("ab") as guest:
        logs.conceal(tmp_path, Hiding(["secret"]))
        guest.write(b"more")
    assert (tmp_path / "console.log").read_bytes() == b"a ******\xff\r\nmore"
    assert (tmp_path / "audit/console.log.0").read_bytes() == b"******"
    assert (tmp_path / "backup").read_bytes() == b"secret"
    packed = base64.b64encode(b"+ echo ******\n").decode()
    assert packed in (tmp_path / "result.log").read_text()
    assert (tmp_path / "other.log").read_text() == '{"log_base64":"no base64, no matter"}'
    assert (tmp_path / "build.json").read_text() == outside.read_text() == "secret"
    assert (tmp_path / "link.log").is_symlink()
