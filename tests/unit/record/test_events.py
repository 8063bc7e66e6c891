"""events.jsonl: what is written, and what is read of it, torn or not."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builder.errors import HostError, UsageError
from builder.model.event import Event
from builder.record.events import EventLog, have_alone, read, refuse_foreign

BEGAN = datetime(2026, 11, 25, 9, 40, 5, tzinfo=UTC)


def test_an_event_is_one_line_for_every_reader(tmp_path: Path) -> None:
    paths = (tmp_path / "events.jsonl", tmp_path / "copy")
    log = EventLog(began=BEGAN)
    with log.opened(*paths):
        told = log.tell("package", "bash", done=1, total=165)
        assert read(paths[0]) == (told,)
        log.tell("end", "done")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert [event.kind for event in read(paths[1])] == ["package", "end"]


def test_the_fields(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(began=BEGAN, now=lambda: BEGAN + timedelta(seconds=1.25))
    with log.opened(path):
        log.tell("failure", "It broke.", source="console", line="oops")
    assert json.loads(path.read_text()) == {
        "time": "2026-11-25T09:40:06.250Z",
        "seconds": 1.25,
        "kind": "failure",
        "text": "It broke.",
        "source": "console",
        "line": "oops",
    }


def test_guests_may_say_what_they_like() -> None:
    said = "\n".join("x" * 1000)
    event = EventLog(began=BEGAN).tell("failure", said, line=said)
    assert event.text == event.line == "x" * 250


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    log = EventLog(began=BEGAN, now=lambda: BEGAN - timedelta(hours=1))
    assert log.tell("note", "").seconds == 0


def test_a_flood_ends_but_the_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(began=BEGAN)
    with log.opened(path):
        for _ in range(20_100):
            log.tell("package", "x")
        log.tell("failure", "It broke.")
    assert path.read_bytes().count(b"\n") == 20_001


GOOD = b'{"time":"2026-11-25T09:40:06Z","seconds":1,"kind":"step","text":"Installing"}'
EVENT = Event(time="2026-11-25T09:40:06Z", seconds=1, kind="step", text="Installing")


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"", ()),
        (GOOD + b"\n", (EVENT,)),
        (GOOD, (EVENT,)),
        (GOOD + b"\n" + GOOD[:20], (EVENT,)),
        (GOOD.replace(b'"step"', b'"unheard-of"') + b"\n" + GOOD + b"\n", (EVENT,)),
        (GOOD[:-1] + b',"newer":1}\n', (EVENT,)),
        (b"\xff\n[]\nnull\n" + b"[" * 5000 + b"\n" + GOOD + b"\n", (EVENT,)),
    ],
)
def test_reading(tmp_path: Path, data: bytes, events: tuple[Event, ...]) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(data)
    assert read(path) == events


def test_who_goes_on_after_a_torn_line_begins_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(GOOD + b"\n" + GOOD[:20])
    log = EventLog(began=BEGAN)
    with log.opened(path):
        log.tell("end", "done")
    assert [event.kind for event in read(path)] == ["step", "end"]


def test_a_pipe_that_nobody_reads_hangs_nothing(tmp_path: Path) -> None:
    pipe, log = tmp_path / "pipe", EventLog(began=BEGAN)
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="Nobody reads") as caught, log.opened(pipe):
        pytest.fail("must not get here")
    assert f"cat {pipe}" in caught.value.hint
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with log.opened(pipe):
        log.tell("end", "done")
    assert b'"done"' in os.read(reader, 1000)
    os.close(reader)


@pytest.mark.parametrize("data", [b"mine\n", b"{}\n", b"\0" * 100_000, b"\n"], ids=len)
def test_what_holds_no_events_is_not_added_to(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="holds no events"):
        refuse_foreign(path)


def test_what_events_are_added_to(tmp_path: Path) -> None:
    refuse_foreign(tmp_path / "new")
    path = tmp_path / "file"
    path.touch()
    refuse_foreign(path)
    log = EventLog(began=BEGAN)
    with log.opened(path):
        log.tell("failure", "\\" * 1000, line='"' * 1000)
    with path.open("ab") as file:
        file.write(b"torn")
    refuse_foreign(path)
    refuse_foreign(Path("/dev/null"))


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(HostError, match=r"Cannot write .*: No such file"),
        EventLog(began=BEGAN).opened(tmp_path / "none" / "events"),
    ):
        pass


def test_what_has_other_names_is_copied(tmp_path: Path) -> None:
    path, backup, link = (tmp_path / name for name in ("events.jsonl", "backup", "link"))
    have_alone(path)
    path.write_text("so far\n")
    backup.hardlink_to(path)
    have_alone(path)
    with path.open("a") as file:
        file.write("more\n")
    assert (path.read_text(), backup.read_text()) == ("so far\nmore\n", "so far\n")
    link.symlink_to(backup)
    with pytest.raises(HostError, match="is no file of this build"):
        have_alone(link)
