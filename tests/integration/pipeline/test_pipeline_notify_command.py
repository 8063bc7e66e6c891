"""A program of the user's that is told, with real programs."""

import json
import os
from pathlib import Path

import pytest

from builder.errors import HostError
from builder.pipeline.notify import command
from builder.pipeline.notify.message import trial
from tests.waiting import wait_until

MESSAGE = trial("nightly", "All")


def test_it_is_given_the_message_as_json(tmp_path: Path) -> None:
    command.tell(["tee", str(tmp_path / "told")], MESSAGE, folder=Path("/nowhere"))
    told = json.loads((tmp_path / "told").read_text())
    assert set(told) == set(MESSAGE.__struct_fields__)
    assert (told["schema"], told["pipeline"], told["text"]) == (1, "nightly", MESSAGE.text)


def test_a_path_is_seen_from_the_folder_of_the_pipeline(tmp_path: Path) -> None:
    script = tmp_path / "tell.sh"
    script.write_text('#!/bin/sh\ncat > "$1"\n')
    script.chmod(0o755)
    command.tell(["./tell.sh", str(tmp_path / "told")], MESSAGE, folder=tmp_path)
    assert (tmp_path / "told").stat().st_size > 0


def test_one_that_reads_nothing_is_told_all_the_same() -> None:
    large = trial("x" * 200_000, "")  # more than a pipe holds
    command.tell(["true"], large, folder=Path())


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["sh", "-c", "echo one; echo no such room >&2; exit 3"], r"sh failed \(exit 3\): no such"),
        (["sh", "-c", "kill -9 $$"], r"sh failed \(signal 9\)"),
        (["builder-has-no-such-program"], "is not installed"),
        (["/etc/passwd"], "is not installed|Cannot run"),
    ],
)
def test_one_that_fails_says_why(argv: list[str], says: str) -> None:
    with pytest.raises(HostError, match=says) as caught:
        command.tell(argv, MESSAGE, folder=Path())
    assert "echo one" not in caught.value.hint


@pytest.mark.parametrize("end", ["wait", "exit"])
def test_one_that_hangs_is_ended_with_what_it_has_started(tmp_path: Path, end: str) -> None:
    pids = tmp_path / "pids"
    script = f"echo $$ > {pids}; sleep 900 & echo $! >> {pids}; {end}"
    with pytest.raises(HostError, match="longer than 1"):
        command.tell(["sh", "-c", script], MESSAGE, folder=Path(), seconds=1.0)
    started = pids.read_text().split()
    assert len(started) == 2
    wait_until(lambda: not any(_runs(pid) for pid in started))


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_has_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDER_SIGN_PASSPHRASE", "s3cret")
    command.tell(["sh", "-c", f"env > {tmp_path}/env"], MESSAGE, folder=Path())
    found = (tmp_path / "env").read_text()
    assert f"PATH={os.environ['PATH']}\n" in found
    assert "s3cret" not in found
