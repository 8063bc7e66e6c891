"""The end of what a guest wrote: when its logs are closed, not when a while has passed."""

import fcntl
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from builder.model.installation import Ended, Output, Signal
from builder.virt import follow
from builder.virt.follow import Tail
from tests.waiting import PATIENCE

END = Ended(reason="shutdown")


def said(text: bytes) -> Output:
    return Output(source="console", data=text)


def test_the_end_comes_after_the_last_words(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    heard: SimpleQueue[Signal] = SimpleQueue()
    with path.open("wb", buffering=0) as log, follow.follow({"console": path}, heard) as put_last:
        log.write(b"Power ")
        assert heard.get(timeout=PATIENCE) == said(b"Power ")
        put_last(END)
        with pytest.raises(Empty):
            heard.get(timeout=1)
        log.write(b"down.")
        assert heard.get(timeout=PATIENCE) == said(b"down.")
        log.close()
        assert heard.get(timeout=PATIENCE) == END


def test_a_guest_that_wrote_nothing_may_end(tmp_path: Path) -> None:
    heard: SimpleQueue[Signal] = SimpleQueue()
    with follow.follow({"console": tmp_path / "none.log"}, heard) as put_last:
        put_last(END)
        assert heard.get(timeout=PATIENCE) == END


def test_who_never_closes_a_log_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_STILL_OPEN", 3)
    path = tmp_path / "console.log"
    heard: SimpleQueue[Signal] = SimpleQueue()
    with path.open("wb"), follow.follow({"console": path}, heard) as put_last:
        put_last(END)
        assert heard.get(timeout=PATIENCE) == END


def test_a_file_system_without_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    tail = Tail(path)
    assert tail.looks > 1
    tail.close()
