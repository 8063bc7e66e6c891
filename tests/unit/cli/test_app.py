"""The outer frame: every misuse is one sentence, a hint and an exit code."""

from importlib import metadata
from pathlib import Path
from unittest.mock import Mock

import pytest

from builder import errors
from builder.cli import app
from builder.monitor import Monitor, SilentMonitor

MISUSES = [
    (["nosuch"], 2, "No such command 'nosuch'"),
    (["--nosuch"], 2, "No such option"),
    (["build"], 2, "Missing argument"),
    (["build", "centos"], 2, "There is no release 'centos'."),
    (["build", "centos7", "--profile", "nosuch"], 2, "There is no profile 'nosuch'."),
    (["build", "centos7", "--medium", "nosuch"], 2, "centos7 has no medium 'nosuch'."),
    (["build", "centos7", "--firmware", "efi"], 2, "--firmware"),
    (["build", "centos7", "--set", "lang"], 2, "--set lang has no value."),
    (["build", "centos7", "--memory-mib", "-1"], 2, "--memory-mib"),
    (["build", "centos7", "--root-password-file", "/nonexistent/p"], 3, "/nonexistent/p"),
    (["--config", "/nonexistent/b.toml", "build", "centos7"], 3, "Cannot read /nonexistent/b.toml"),
    (["volume", "create", "x.qcow2", "0"], 2, "size_gib"),
    (["volume", "create", "x.qcow2", "many"], 2, "size_gib"),
    (["template", "list", "centos7", "nosuch"], 2, "unexpected extra argument"),
    (["volume", "create", "x.qcow2", "100000"], 2, "size_gib"),
    (["build", "centos7", "--memory-mib", "1000000000"], 2, "--memory-mib"),
    (["build", "centos7", "--memory-mib", "10", "--dry-run"], 2, "does not run in 10 MiB"),
    (["build", "centos7", "--no-seal", "--set", "seal=true"], 2, "contradict each other"),
    (["build", "centos7", "--iso", "/nonexistent.iso", "--dry-run"], 5, "There is no file /none"),
    (["build", "centos7", "--vcpus", "100000"], 2, "--vcpus"),
    (["build", "centos7", "--memory-mib", "10485760"], 2, "--memory-mib"),
    (["build", "centos7", "--disk-gib", "8193"], 2, "--disk-gib"),
    (["build", "centos7", "--disk-gib", "1" + 29 * "0"], 2, "--disk-gib"),
    (["build", "centos7", "--events", "/"], 2, "/ is a folder."),
    (["build", "centos7", "--events", "/nonexistent/e"], 2, "There is no folder /nonexistent."),
    (["rehearsal", "make", "-o", "/dev/null"], 2, "/dev/null is a device."),
    (["iso", "burn", "/nonexistent.iso", "/dev/sdb"], 5, "Cannot read /nonexistent.iso"),
    (["template", "clone", "centos7", "web1", "--memory", "1000000000"], 2, "--memory"),
    (["template", "clone", "centos7", "web1", "--vcpus", "100000"], 2, "--vcpus"),
    (["template", "clone", "centos7", "web1", "--disk-gib", "1" + 29 * "0"], 2, "--disk-gib"),
    (["template", "clone", "centos7", "web1", "--memory", "1"], 2, "--memory"),
    (["template", "clone", "centos7", "web1", "--vcpus", "0"], 2, "--vcpus"),
    (["template", "clone", "centos7", "web1", "--disk-gib", "0"], 2, "--disk-gib"),
    (["template", "clone", "centos7", "web1", "--firmware", "hybrid"], 2, "--firmware"),
    (["build", "rocky9", "--firmware", "bios", "--secure-boot"], 2, "BIOS has no Secure Boot."),
    (["build", "rocky9", "--sha256", "ab"], 2, "--sha256 is for an ISO at hand."),
    (["build", "rocky9", "--allow-unverified"], 2, "--allow-unverified is for an ISO at hand."),
    (["build", "rocky9", "--iso", "", "--dry-run"], 2, "--iso names no file."),
    (["build", "rocky9", "--kickstart", ""], 2, "--kickstart names no file."),
    (["build", "rocky9", "--root-password-file="], 2, "--root-password-file names no file."),
    (["build", "rocky9.99"], 2, "rocky9 has no minor version 99"),
    (["build", "rhel9", "--iso", "/dev/null"], 5, "/dev/null is no file."),
    (["kickstart", "render", "rocky9", "--medium", "nosuch"], 2, "rocky9 has no medium 'nosuch'."),
    (["kickstart", "lint", "/nonexistent.ks"], 3, "Cannot read /nonexistent.ks"),
    (["kickstart", "lint", "rocky9", "--iso", "/nonexistent.iso"], 5, "Cannot read /nonexistent"),
    (["iso", "fetch", "nosuch"], 2, "There is no release 'nosuch'."),
    (["iso", "fetch", "rocky9", "--medium", "nosuch"], 2, "rocky9 has no medium 'nosuch'."),
    (["iso", "fetch", "rehearsal"], 2, "is made, and not downloaded"),
    (["iso", "add", "/nonexistent.iso"], 5, "Cannot read /nonexistent.iso"),
    (["iso", "verify", "/"], 5, "Cannot read /: Is a directory."),
    (["release", "show", "nosuch"], 2, "There is no release 'nosuch'."),
    (["release", "check", "/nonexistent.toml"], 3, "Cannot read /nonexistent.toml"),
    (["release", "check", "/"], 3, "Cannot read /: Is a directory."),
    (["init", "/dev/null"], 2, "/dev/null is no folder."),
    (["init", "/dev/null/x"], 4, "Cannot write to /dev/null/x: Not a directory."),
    (["rehearsal", "make", "--layout", "nosuch"], 2, "There is no rehearsal layout nosuch."),
    (["pipeline", "plan", "/nonexistent.toml"], 2, "There is no file /nonexistent.toml."),
    (["attach", "nosuch"], 2, "There is no build 'nosuch'."),
]


@pytest.mark.parametrize(("argv", "code", "sentence"), MISUSES, ids=lambda case: str(case)[:50])
def test_misuse(
    capsys: pytest.CaptureFixture[str], argv: list[str], code: int, sentence: str
) -> None:
    assert app.run(argv) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    assert first.startswith("error: ")
    assert sentence in first
    assert second.startswith("hint: ")


def test_a_shell_asks_how_to_complete(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell is the nearest one among the parents: from cron or sh there may be none."""
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    assert app.run(["--show-completion"]) == 0
    assert "complete" in capsys.readouterr().out


@pytest.mark.parametrize("group", [[], ["pool"], ["volume"], ["template"], ["build"], ["host"]])
def test_help(capsys: pytest.CaptureFixture[str], group: list[str]) -> None:
    assert app.run([*group, "--help"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Usage: ")
    assert printed.err == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"builder {metadata.version('builder')}\n"


@pytest.mark.parametrize("group", [[], ["pool"], ["volume"], ["template"]])
def test_nothing_asked_for_gives_the_help_and_is_no_success(
    capsys: pytest.CaptureFixture[str], group: list[str]
) -> None:
    assert app.run(group) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Usage: ")


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (errors.HostError("It broke.", hint="Mend it."), 4, "error: It broke.\nhint: Mend it.\n"),
        (errors.InstallError("It broke."), 7, "error: It broke.\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_outcomes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr("builder.config.load", Mock(side_effect=raised))
    assert app.run(["pool", "list"]) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", said)


def test_main_leaves_with_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("os._exit", left.append)
    app.main(["nosuch"])
    assert left == [2]


def test_a_fault_of_our_own_is_a_sentence_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def load(**_options: object) -> None:
        raise ZeroDivisionError("by\n\x1bzero")

    monkeypatch.setattr("builder.config.load", load)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert app.run(["pool", "list"]) == 1
    (file,) = tmp_path.iterdir()
    assert capsys.readouterr().err == (
        "error: builder met a fault of its own: ZeroDivisionError: by \\x1bzero.\n"
        f"hint: Report it, please; attach {file}.\n"
    )
    assert "Traceback" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_silent_monitor_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    monitor: Monitor = SilentMonitor()
    with monitor.step("Staging"), monitor.progress("bytes", total=3) as progress:
        progress.advance()
        progress.describe("x")
        monitor.tell("note", "x")
        monitor.tell("warning", "x")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
