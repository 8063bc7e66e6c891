"""The stand-in for process 1, with real processes."""

import select
import signal
import subprocess
import sys

from builder.host import reaper
from tests.waiting import PATIENCE

_ORPHAN = """
orphan=$(sh -c 'sleep 3600 >/dev/null & echo $!')
echo "$PPID" $(sed -n 's/^PPid://p' "/proc/$orphan/status")
kill "$orphan"
while [ -e "/proc/$orphan" ]; do sleep 0.05; done
exit 3
"""


def _under_it(script: str) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-IS", reaper.__file__, "sh", "-c", script]
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
