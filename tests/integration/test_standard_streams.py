"""The program with streams that are closed, full or gone, and where its folder was removed."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from tests.program import BUILDER

LIST = ("kickstart", "list")
FULL = (
    "error: Cannot write to standard output: No space left on device.\n"
    "hint: Only what was to be printed is lost: what the command has done stays done.\n"
)


def shell(script: str, words: Sequence[str], **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which "$@" is builder with its words."""
    return subprocess.run(
        ["bash", "-c", script, "bash", *BUILDER, *words],
        env={**os.environ, "BUILDER_URI": "test:///default", **changes},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [(LIST, 0), (["build", "nosuch"], 2), (["-h"], 0)])
def test_closed_streams_change_nothing(closed: str, words: Sequence[str], code: int) -> None:
    done = shell(f'"$@" {closed}', words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("RELEASE" in done.stdout) == (words is LIST and ">&-" not in closed.split())


@pytest.mark.parametrize(
    "words",
    [
        LIST,
        [*LIST, "--json"],
        ["kickstart", "render", "centos7"],
        ["build", "centos7", "--dry-run"],
        ["--version"],
        ["--help"],
    ],
    ids=str,
)
def test_a_full_standard_output_is_the_host_s_fault(words: Sequence[str]) -> None:
    done = shell('"$@" >/dev/full', words)
    assert done.returncode == 4
    assert done.stderr.endswith(FULL)


def test_a_full_standard_error_is_nobody_s_business() -> None:
    done = shell('"$@" 2>/dev/full', ["build", "centos7", "--dry-run"])
    assert done.returncode == 0
    assert "%packages" in done.stdout


def test_whoever_reads_may_have_enough() -> None:
    done = shell('"$@" | head -1', ["kickstart", "render", "centos7"])
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_a_locale_without_letters_does_no_harm(tmp_path: Path) -> None:
    for words in (["build", "zürich\x1b"], LIST):
        done = shell('"$@"', words, PYTHONIOENCODING="ascii", BUILDER_ARTIFACTS=str(tmp_path / "ü"))
        assert done.returncode in (0, 2)
        assert "\x1b" not in done.stderr + done.stdout


def test_a_folder_that_was_removed(tmp_path: Path) -> None:
    gone = f'mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && "$@"'
    listed = shell(gone, LIST)
    assert (listed.returncode, "centos7" in listed.stdout) == (0, True)
    relative = shell(gone, ["build", "centos7", "--iso", "x.iso", "--dry-run"])
    assert relative.returncode == 5
    assert "error: There is no file x.iso." in relative.stderr
    assert "Traceback" not in listed.stderr + relative.stderr


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_at_any_moment_is_one_sentence(number: Signals) -> None:
    """From our first line on: what Python does before that is its own."""
    first = "import builder.__main__ as it; it._open_streams = lambda: print(flush=True)"
    for moment in range(30):
        with subprocess.Popen(
            [sys.executable, "-c", f"{first}; it.main()", *LIST],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as command:
            assert command.stdout
            command.stdout.readline()
            time.sleep(moment * 0.01)
            command.send_signal(number)
            said = command.communicate()[1]
        assert command.returncode in (0, 130)
        assert said.count("\n") == (command.returncode == 130)
        assert said.startswith("interrupted") == (command.returncode == 130)
