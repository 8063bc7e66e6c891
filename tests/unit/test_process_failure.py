"""How the failure of a program is told; running programs is for the integration tests."""

import pytest

from builder.process import Completed, environment, failure


@pytest.mark.parametrize(
    ("returncode", "stdout", "stderr", "message"),
    [
        (1, "", "first\nlast\n\n", "qemu-img failed (exit 1): last"),
        (3, "said here\n", "  \n", "qemu-img failed (exit 3): said here"),
        (-9, "", "", "qemu-img failed (signal 9): no output"),
    ],
)
def test_failure(returncode: int, stdout: str, stderr: str, message: str) -> None:
    argv = ("/usr/bin/qemu-img", "check", "my disk")
    told = failure(Completed(argv, returncode, stdout, stderr))
    assert told.message == message
    assert told.hint == "Run it by hand: /usr/bin/qemu-img check 'my disk'"


def test_the_environment_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("BUILDER_ROOT_PASSWORD", "secret")
    found = environment({"SOURCE_DATE_EPOCH": "0"})
    assert set(found) <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SOURCE_DATE_EPOCH"}
    assert (found["LC_ALL"], found["SOURCE_DATE_EPOCH"]) == ("C.UTF-8", "0")
