"""The end of what a guest wrote: when its logs are closed, not when a while has passed."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from msgspec.structs import replace

from builder.model.installation import Ended, Output, Signal
from builder.virt import follow
from builder.virt.follow import Tail
from tests.waiting import PATIENCE

END = Ended(reason="shutdown")


def said(text: bytes) -> Output:
    return Output(source="console", data=text)


def test_the_end_comes_after_the_last_words_and_what_was_said_before_is_replayed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"Power ")
    heard: SimpleQueue[Signal] = SimpleQueue()
    with path.open("ab", buffering=0) as log, follow.follow({"console": path}, heard) as put_last:
        assert heard.get(timeout=PATIENCE) == replace(said(b"Power "), replayed=True)
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


def begin_anew(log: Path) -> None:
    """Rename the files as virtlogd does when one is full: the oldest goes."""
    for older, newer in (("2", "1"), ("1", "0")):
        if log.with_name(f"{log.name}.{newer}").exists():
            log.with_name(f"{log.name}.{newer}").rename(log.with_name(f"{log.name}.{older}"))
    log.rename(log.with_name(f"{log.name}.0"))
    log.touch()


def heard_by(tail: Tail) -> Iterator[bytes]:
    while said := tail.read():
        yield said


@pytest.mark.parametrize("unread", [0, 1, 3])
def test_a_log_that_begins_anew_again_and_again(tmp_path: Path, unread: int) -> None:
    """Also where a file that is removed leaves its inode to the next, as ext4 has it."""
    path = tmp_path / "console.log"
    tail = Tail(path)
    words = [b"%d " % number for number in range(24)]
    heard: list[bytes] = []
    for number, word in enumerate(words):
        if path.exists():
            begin_anew(path)
        path.write_bytes(word)
        if number % (unread + 1) == unread:
            heard += heard_by(tail)
    tail.close()
    assert b"".join(heard) == b"".join(words)


REST = b"x" * (3 << 20)


class Late(Tail):
    """Does not run between the end of what it has read and its look for the next file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._log = path
        self._looks = 0

    def _open(self) -> bool:
        self._looks += 1
        if self._looks == 2:
            with self._log.open("ab") as log:
                log.write(REST)
            begin_anew(self._log)
            self._log.write_bytes(b"next")
        return super()._open()


def test_the_rest_of_a_log_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"begun ")
    tail = Late(path)
    assert b"".join(heard_by(tail)) == b"begun " + REST + b"next"
    tail.close()


def test_the_logs_of_an_earlier_guest_go_with_what_was_put_aside(tmp_path: Path) -> None:
    log, other = tmp_path / "console.log", tmp_path / "console.log.gz"
    for name in ("console.log", "console.log.0", "console.log.2", "console.log.gz"):
        (tmp_path / name).touch()
    follow.remove([log, tmp_path / "none.log"])
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("lost", range(4, 8))
def test_what_was_removed_before_it_was_read_holds_nothing_up(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"0 ")
    tail = Tail(path)
    heard = list(heard_by(tail))
    for number in range(1, lost + 1):
        begin_anew(path)
        path.write_bytes(b"%d " % number)
    heard += heard_by(tail)
    tail.close()
    assert heard == [b"0 ", *(b"%d " % number for number in range(lost - 3, lost + 1))]


def test_a_file_system_without_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    tail = Tail(path)
    assert tail.looks > 1
    tail.close()
