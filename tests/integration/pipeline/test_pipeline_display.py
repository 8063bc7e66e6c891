"""What a run shows on a real terminal, and in a log."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from functools import partial
from pathlib import Path

import pytest

from builder.cli.pipeline.display import displayed
from builder.errors import KickstartError, MediaError
from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline import runner
from builder.pipeline.job import Job, Retry
from builder.pipeline.runner import Rules
from builder.pipeline.schedule import Room, Task
from builder.recipes.order import Request
from builder.record.events import read
from tests.values import template

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parent
PROGRAM = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(FOLDER)!r}]
if __name__ == "__main__":
    from pathlib import Path
    from test_pipeline_display import show
    show(Path(sys.argv[1]))
"""
NAMES = ("centos7-with-a-long-name", "rocky9", "broken")


def show(folder: Path) -> None:
    """Run three builds that are none, and show them."""
    tasks = [
        Task(job=Job(name=name, medium="x", request=Request(release="x")), expected=100.0)
        for name in NAMES
    ]
    rules = Rules(
        room=Room(parallel=2, memory_mib=1, vcpus=1, disk_gib=1),
        retry=Retry(times=1, wait_minutes=0.001),
    )
    work = partial(speak, folder=folder)
    with displayed(events=folder / "events.jsonl") as display:
        runner.run(tasks, work, rules=rules, display=display, over=str)


def speak(job: Job, monitor: Monitor, *, folder: Path) -> Built:
    if job.name == "broken":
        raise KickstartError("Line 3 is\x1b[2J wrong.")
    if job.name == "rocky9" and not (folder / "tried").exists():
        (folder / "tried").touch()
        raise MediaError("The mirror is away.", may_pass=True)
    with monitor.step("Installing"):
        monitor.tell("phase", "storage")
        with monitor.progress("install", total=100, unit="%") as progress:
            for _ in range(10):
                progress.advance(5)
                progress.describe("packages \x1b[31m120 of 400")
                time.sleep(0.25)  # a count is told five times a second at most
        monitor.tell("warning", "a device came late")
    return Built(template=template(name=job.name), fresh=True)


def on_terminal(folder: Path, *, columns: int, lines: int = 24) -> str:
    """Return all that the program writes to a terminal of that size."""
    (folder / "show.py").write_text(PROGRAM)
    ours, its = pty.openpty()
    ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, folder / "show.py", folder],
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"TERM": "xterm"},
    ) as program:
        os.close(its)
        said = b""
        try:
            while data := os.read(ours, 65536):
                said += data
        except OSError:  # EIO: nobody has the terminal open any more
            pass
        assert program.wait() == 0, said
    os.close(ours)
    return said.decode()


def screen(said: str) -> list[str]:
    """Return what is left on the terminal: it obeys what we use, and nothing else."""
    shown, row = [""], 0
    for part in re.split(r"(\x1b\[\d*[AJ]|\r|\n)", said):
        if part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1])
        elif part == "\x1b[J":
            del shown[row:]
            shown.append("")
        elif part == "\n":
            row += 1
            shown += [""] * (row + 1 - len(shown))
        elif part not in ("", "\r"):
            assert "\x1b" not in part
            shown[row] += part
    return [each for each in shown if each]


@pytest.mark.parametrize("columns", [100, 40, 12])
def test_a_terminal_has_a_line_an_image_and_keeps_what_is_over(
    tmp_path: Path, columns: int
) -> None:
    said = on_terminal(tmp_path, columns=columns)
    left = screen(said)
    assert len(left) == 6, left
    assert any(re.match(r"published: rocky9 20261123.1 in [\d.]+ s", each) for each in left)
    assert "failed: broken: Line 3 is[2J wrong." in left
    assert "[rocky9] failed: The mirror is away. There is attempt 2 in 0.1 s." in left
    assert left.count("[rocky9] warning: a device came late") == 1
    rows = [each for each in re.split(r"[\r\n]+|\x1b\[\d*[AJ]", said) if each not in left]
    assert max(map(len, rows)) < columns
    if columns == 100:
        bar = r"rocky9 +Installing: packages .*120 of .*\[##.*\] +\d+%  0:0\d, 1:\d\d left"
        assert any(re.search(bar, each) for each in rows), rows


def test_a_log_has_plain_lines_with_names(tmp_path: Path) -> None:
    (tmp_path / "show.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, tmp_path / "show.py", tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert all(line.startswith(tuple(f"[{name}] " for name in NAMES)) for line in lines)
    for name in NAMES[:2]:
        mine = [line.removeprefix(f"[{name}] ") for line in lines if line.startswith(f"[{name}]")]
        assert mine[-5] == "==> Installing"
        assert mine[-4] == "    phase: storage"
        assert mine[-3] == "    warning: a device came late"
        assert mine[-2].startswith("    done in ")
        assert mine[-1].startswith(f"    published: {name} 20261123.1 in ")
    assert "[broken]     warning: failed: Line 3 is[2J wrong." in lines
    events = read(tmp_path / "events.jsonl")
    of_broken = [(each.kind, each.text) for each in events if each.name == "broken"]
    assert of_broken == [("failure", "Line 3 is[2J wrong."), ("end", "failed")]
    kinds = [each.kind for each in events if each.name == "rocky9"]
    assert kinds == ["warning", "step", "phase", "warning", "end"]
