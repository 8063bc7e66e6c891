"""The door to other programs, with real ones."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import process
from builder.errors import HostError
from tests.waiting import wait_until


def test_output_and_input() -> None:
    done = process.run(["sh", "-c", "cat; echo err >&2; exit 3"], stdin="in", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "in", "err\n")


def test_nothing_waits_for_a_keyboard() -> None:
    assert process.run(["cat"]).stdout == ""


def test_arguments_are_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nasty = "$(touch pwned); `touch pwned` 'x' \"y\" *"
    assert process.run(["printf", "%s", nasty]).stdout == nasty
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDER_ROOT_PASSWORD", "secret")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    printed = process.run(["env"], env={"EXTRA": "1"}).stdout
    assert "secret" not in printed
    assert "LANG=C.UTF-8\n" in printed
    assert "EXTRA=1\n" in printed


def test_what_is_no_text_does_not_stop_us() -> None:
    assert process.run(["printf", r"\377x"]).stdout == "\ufffdx"


def _follow(argv: list[str]) -> process.Completed:
    return process.follow(argv, on_line=lambda _: None)


@pytest.mark.parametrize("start", [process.run, _follow])
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo first; echo last; exit 3", r"sh failed \(exit 3\): last"),
        ("echo out; echo why >&2; exit 3", r"sh failed \(exit 3\): why"),
        ("kill -KILL $$", r"sh failed \(signal 9\): no output"),
    ],
)
def test_a_program_that_fails(
    start: Callable[[list[str]], object], script: str, sentence: str
) -> None:
    with pytest.raises(HostError, match=sentence) as caught:
        start(["sh", "-c", script])
    assert caught.value.hint == f"Run it by hand: sh -c '{script}'"


@pytest.mark.parametrize("start", [process.run, process.run_attached, _follow])
def test_a_program_that_is_missing(start: Callable[[list[str]], object]) -> None:
    with pytest.raises(HostError, match="The program nosuch-program is not installed"):
        start(["nosuch-program"])


def test_a_program_that_takes_too_long() -> None:
    with pytest.raises(HostError, match=r"sleep failed \(exit 124\): it took longer than 0.1 s"):
        process.run(["sleep", "60"], seconds=0.1)


def test_a_program_that_may_not_be_run(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no program")
    with pytest.raises(HostError, match="data"):
        process.run([tmp_path / "data"])


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_code_of_an_attached_program(script: str, code: int) -> None:
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    assert process.run_attached(["sh", "-c", script]) == code
    assert signal.getsignal(signal.SIGINT) is before


def test_lines_are_heard_as_they_come(tmp_path: Path) -> None:
    # The program goes on only when its first line was heard.
    script = f"printf '1%%\r2%%\r'; while ! test -e {tmp_path}/heard; do sleep 0.01; done; echo 3"
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        (tmp_path / "heard").touch()

    done = process.follow(["sh", "-c", script], on_line=hear)
    assert heard == ["1%", "2%", "3"]
    assert done.stdout == "1%\n2%\n3\n"


def test_a_heard_program_ends_with_the_wait() -> None:
    def stop(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        process.follow(["sh", "-c", "echo $$; exec sleep 60"], on_line=stop)
    assert not Path(f"/proc/{pids[0]}").exists()


def _heard(script: str, _: Path, stop: Callable[[], None]) -> None:
    process.follow(["sh", "-c", script], on_line=lambda _: stop())


def _run(script: str, told: Path, stop: Callable[[], None]) -> None:
    def interrupt() -> None:
        wait_until(told.exists)
        stop()

    threading.Thread(target=interrupt).start()
    process.run(["sh", "-c", script])


@pytest.mark.parametrize("way", [_heard, _run])
def test_a_program_that_dies_slowly_is_waited_for(
    way: Callable[[str, Path, Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def kill(program: "subprocess.Popen[str]") -> None:
        threading.Timer(0.6, os.kill, (program.pid, signal.SIGKILL)).start()

    monkeypatch.setattr(subprocess.Popen, "kill", kill)
    told, main = tmp_path / "pid", threading.get_ident()
    script = f"trap '' INT; echo $$ >{told}.new; mv {told}.new {told}; echo x; exec sleep 600"
    with pytest.raises(KeyboardInterrupt):
        way(script, told, lambda: signal.pthread_kill(main, signal.SIGINT))
    assert not Path(f"/proc/{told.read_text().strip()}").exists()
