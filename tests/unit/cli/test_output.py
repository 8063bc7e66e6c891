"""How results and progress look."""

import json
from pathlib import Path

import pytest

from builder.cli.output import TerminalMonitor, size, table, to_json
from builder.model.storage import Pool

POOL = Pool(name="iso", path=Path("/srv/iso"), active=True, autostart=True, capacity=9, available=5)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1572864, "1.5 MiB"),
        (20 * 2**30, "20.0 GiB"),
        (3 * 2**40, "3.0 TiB"),
        (5000 * 2**40, "5000.0 TiB"),
    ],
)
def test_size(count: int, text: str) -> None:
    assert size(count) == text


def test_table_aligns_its_columns() -> None:
    text = table(("NAME", "SIZE"), [("centos7-dvd", "1 B"), ("x", "")])
    assert text == "NAME         SIZE\ncentos7-dvd  1 B\nx"
    assert table(("NAME", "SIZE"), []) == "NAME  SIZE"


def test_json_has_paths_as_text() -> None:
    (found,) = json.loads(to_json((POOL,)))
    assert (found["path"], found["available"]) == ("/srv/iso", 5)


@pytest.mark.parametrize("prefix", ["", "[dvd] "])
def test_plain_lines_when_piped(capsys: pytest.CaptureFixture[str], prefix: str) -> None:
    monitor = TerminalMonitor(bars=False, prefix=prefix)
    with monitor.step("Staging x.iso"):
        monitor.tell("note", "a fact")
        monitor.tell("warning", "a warning")
        monitor.tell("phase", "packages", replayed=True)
        monitor.tell("phase", "scripts")
        monitor.tell("package", "bash", done=1, total=2)
        with monitor.progress("bytes", total=10) as progress:
            progress.advance(5)
            progress.describe("x")
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [
        "==> Staging x.iso\n",
        "    a fact\n",
        "    warning: a warning\n",
        "    phase: packages (began earlier)\n",
        "    phase: scripts\n",
    ]
    assert printed.err == "".join(prefix + line for line in lines)


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        ("B", "    copied: 1.0 MiB of 4.0 MiB\n"),
        ("packages", "    copied: 1048576/4194304 packages\n"),
    ],
)
def test_a_long_count_says_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unit: str, line: str
) -> None:
    seconds = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    with TerminalMonitor(bars=False).progress("copied", total=2**22, unit=unit) as progress:
        for moment in (9.0, 11.0, 12.0):
            seconds[0] = moment
            progress.advance(2**19)
    assert capsys.readouterr().err == line


def test_a_bar_counts_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalMonitor(bars=True).progress("packages", total=3, unit="packages") as progress:
        progress.advance(2)
        progress.describe("bash")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "2/3" in printed.err
    assert "bash" in printed.err


def test_a_step_that_fails_has_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="odd"), TerminalMonitor(bars=False).step("Staging"):
        raise ValueError("odd")
    assert capsys.readouterr().err == "==> Staging\n"
