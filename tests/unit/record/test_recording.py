"""What a recorder writes down, and what it passes on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.errors import InstallError
from builder.model.hiding import MARK, Hiding
from builder.record import events
from builder.record.recorder import Recorder
from tests.monitors import Heard


def fail(recorder: Recorder) -> None:
    with recorder.step("Installing"):
        recorder.tell("failure", "It broke.", source="console", line="panic")
        raise InstallError("It broke.")


def test_everything_worth_it_is_written_down_and_passed_on(tmp_path: Path) -> None:
    heard, path = Heard(), tmp_path / "events.jsonl"
    log = events.EventLog(began=datetime.now(UTC))
    with log.opened(path):
        recorder = Recorder(heard, log)
        recorder.tell("note", "a fact")
        recorder.tell("warning", "mind")
        recorder.tell("phase", "packages")
        recorder.tell("package", "bash", done=1, total=2)
        recorder.tell("screen", "screens/0001-1s.png")
        with pytest.raises(InstallError):
            fail(recorder)
    told = events.read(path)
    assert [(each.kind, each.text) for each in told] == [
        ("note", "a fact"),
        ("warning", "mind"),
        ("phase", "packages"),
        ("package", "bash"),
        ("screen", "screens/0001-1s.png"),
        ("step", "Installing"),
        ("failure", "It broke."),
    ]
    assert (told[3].done, told[3].total) == (1, 2)
    assert (told[6].source, told[6].line) == ("console", "panic")
    passed_on = [(kind, text) for kind, text, _ in heard.told]
    assert passed_on == [(each.kind, each.text) for each in told if each.kind != "step"]


def test_what_opens_something_is_hidden(tmp_path: Path) -> None:
    heard, path = Heard(), tmp_path / "events.jsonl"
    log = events.EventLog(began=datetime.now(UTC))
    with log.opened(path):
        recorder = Recorder(heard, log)
        recorder.hide = Hiding(["secret"])
        recorder.tell("failure", "Not secret.", source="console", line="oops, secret")
    [told] = events.read(path)
    assert (told.text, told.line) == (f"Not {MARK}.", f"oops, {MARK}")
