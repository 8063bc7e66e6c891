"""The stand-in for process 1, with real processes."""

import fcntl
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder.host import reaper
from tests.waiting import PATIENCE

Running = subprocess.Popen[str]

_ORPHAN = """
orphan=$(sh -c 'sleep 3600 >/dev/null & echo $!')
echo "$PPID" $(sed -n 's/^PPid://p' "/proc/$orphan/status")
kill "$orphan"
while [ -e "/proc/$orphan" ]; do sleep 0.05; done
exit 3
"""


def _under_it(script: str, *, folder: Path = Path("/nowhere"), logger: int = 0) -> Running:
    words = [str(folder / "lock"), str(folder / "note"), str(logger), "sh", "-c", script]
    argv = [sys.executable, "-IS", reaper.__file__, *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def test_reaps_orphans_and_leaves_with_the_code_of_its_program() -> None:
    with _under_it(_ORPHAN) as running:
        said, _ = running.communicate(timeout=PATIENCE)
    ours, adopted = said.split()
    assert (ours, running.returncode) == (adopted, 3)


def test_ends_its_program_when_told_to_leave() -> None:
    with _under_it("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done") as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=PATIENCE) == 5


def test_does_not_leave_its_program_behind() -> None:
    with _under_it("echo $$; exec sleep 3600") as running:
        assert running.stdout is not None
        number = running.stdout.readline().strip()
        running.kill()
        assert running.wait(timeout=PATIENCE) == -signal.SIGKILL
        # The pipe ends when nobody holds it any more.
        ended, _, _ = select.select([running.stdout], [], [], PATIENCE)
        assert ended, f"process {number} goes on"


@pytest.mark.parametrize("code", [0, 3])
def test_the_logger_ends_with_the_last_orphan_and_user(tmp_path: Path, code: int) -> None:
    note = tmp_path / "note"
    note.touch()
    script = f"(until [ -e {tmp_path}/over ]; do sleep 0.05; done) >/dev/null & exit {code}"
    with (tmp_path / "lock").open("w") as users, subprocess.Popen(["sleep", "3600"]) as logger:
        fcntl.flock(users, fcntl.LOCK_SH)
        with _under_it(script, folder=tmp_path, logger=logger.pid) as running:
            note.write_text(str(running.pid))
            time.sleep(0.3)
            (tmp_path / "over").touch()
            time.sleep(0.3)
            assert (running.poll(), logger.poll()) == (None, None)
            fcntl.flock(users, fcntl.LOCK_UN)
            assert running.wait(timeout=PATIENCE) == code
        assert logger.wait(timeout=PATIENCE) == -signal.SIGTERM


@pytest.mark.parametrize("noted", [None, "1"], ids=["it never came up", "the next one has it"])
def test_a_logger_that_is_not_ours_to_end(tmp_path: Path, noted: str | None) -> None:
    (tmp_path / "lock").touch()
    if noted:
        (tmp_path / "note").write_text(noted)
    with subprocess.Popen(["sleep", "3600"]) as logger:
        with _under_it("exit 0", folder=tmp_path, logger=logger.pid) as running:
            assert running.wait(timeout=PATIENCE) == 0
        assert logger.poll() is None
        logger.kill()
