"""What a recorder writes down, and what it passes on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.errors import InstallError
from builder.monitor import SilentMonitor
from builder.record import events
from builder.record.recorder import Recorder


class Heard(SilentMonitor):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def fail(recorder: Recorder) -> None:
    with recorder.step("Installing"):
        recorder.failure("It broke.", source="console", line="panic")
        raise InstallError("It broke.")


def test_everything_worth_it_is_written_down_and_passed_on(tmp_path: Path) -> None:
    heard, path = Heard(), tmp_path / "events.jsonl"
    with events.recording(path, began=datetime.now(UTC)) as log:
        recorder = Recorder(heard, log)
        recorder.note("a fact")
        recorder.warn("mind")
        recorder.phase("packages")
        recorder.package("bash", 1, 2)
        recorder.screen("screens/0001-1s.png")
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
    assert heard.notes == ["a fact"]
