"""Two runs of one pipeline."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import HostError
from builder.pipeline.lock import alone
from builder.record.runs import recorded
from tests.waiting import wait_until

HOLDER = """
import sys, time
from pathlib import Path
from builder.pipeline.lock import alone
from builder.record.runs import recorded
place = Path(sys.argv[1])
with alone(place, "nightly"), recorded(place, "nightly", jobs=["a"]):
    (place / "here").touch()
    time.sleep(900)
"""


def test_a_second_run_is_told_since_when_and_by_whom(tmp_path: Path) -> None:
    with alone(tmp_path, "nightly"), recorded(tmp_path, "nightly", jobs=["a"]) as recording:
        with alone(tmp_path, "weekly"):
            pass
        with pytest.raises(HostError) as caught, alone(tmp_path, "nightly"):
            pass
    assert caught.value.message == (
        f"The pipeline nightly is being run already, since {recording.run.began}, by the process "
        f"{os.getpid()}."
    )
    with alone(tmp_path, "nightly"):
        pass


def test_a_run_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path]) as holder:
        wait_until((tmp_path / "here").exists, alive=lambda: holder.poll() is None)
        refused = pytest.raises(HostError, match=f"by the process {holder.pid}")
        with refused, alone(tmp_path, "nightly"):
            pass
        holder.send_signal(signal.SIGKILL)
    with alone(tmp_path, "nightly"):
        pass


def test_an_error_of_the_run_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), alone(tmp_path, "nightly"):
        raise BlockingIOError
