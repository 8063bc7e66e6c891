"""What guests, media, servers and files may be called, on its way to a terminal."""

import errno
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.cli import app
from builder.cli.build import tell
from builder.cli.output import TerminalMonitor, table, to_json
from builder.cli.streams import document, guarded
from builder.errors import HostError
from builder.model.template import Built
from tests.values import recorded, template

HOSTILE = [
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1bP+q\x1b\\",
    "\x9b2J",
    "\x90x\x9c",
    "back\x08\x08",
    "over\rwritten",
    "\u202etxt.exe",
    "\u2066x\u2069",
    "\u2028\u2029\x85\x0b\x0c",
    "\x7f\x00",
    "\udcff\ud800",
    "two\nerror: lines",
]


def _harmless(text: str) -> bool:
    return all(each.isprintable() or each in "\n\t" for each in text)


def _step(text: str) -> None:
    with TerminalMonitor(bars=False, prefix=f"[{text}] ").step(text):
        pass


def _tell(text: str) -> None:
    TerminalMonitor(bars=False).tell("warning", text)


def _count(text: str) -> None:
    with TerminalMonitor(bars=False).progress(text, total=100, unit="%") as progress:
        progress.describe(text)
        progress.advance(5)


WAYS: dict[str, Callable[[str], object]] = {
    "step": _step,
    "tell": _tell,
    "count": _count,
    "table": lambda text: print(table(("A", "B"), [(text, text)])),  # noqa: T201
    "json": lambda text: print(to_json({text: [text]})),  # noqa: T201
    "error": lambda text: app.run(["--config", f"/nonexistent/{text}", "builds", "list"]),
    "usage": lambda text: app.run(["build", "centos7", text]),
    "unknown": lambda text: app.run(["build", text]),
    "waived": lambda text: app.run(["build", "centos7", "--waive", text]),
    "print": print,
    "warning": lambda text: print(text, file=sys.stderr),  # noqa: T201
}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_hostile_is_printed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    way: str,
    text: str,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    moments = iter(range(0, 10_000, 11))
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    with guarded():
        WAYS[way](text)
    printed = capsys.readouterr()
    assert printed.out + printed.err
    assert _harmless(printed.out + printed.err)
    # No system hands over arguments like these two: what nobody foresees is shown as well.
    foreseen = "\0" not in text and "\ud800" not in text
    assert not (foreseen and list(tmp_path.iterdir()))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("unit", ["%", "B"])
def test_bars_move_the_cursor_and_their_texts_do_not(
    capsys: pytest.CaptureFixture[str], unit: str, text: str
) -> None:
    with guarded():
        monitor = TerminalMonitor(bars=True)
        with monitor.progress(text, total=100, unit=unit) as progress:
            progress.describe(text)
            progress.advance(50)
            monitor.tell("note", text)
    printed = capsys.readouterr().err
    assert "50%" in printed
    assert _harmless(printed.replace("\r", ""))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_json_says_the_same_to_programs(text: str) -> None:
    assert json.loads(to_json({"x": text, "path": Path("/ü")})) == {"x": text, "path": "/ü"}
    assert "ü" in to_json("ü")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_row_is_a_line(text: str) -> None:
    assert len(table(("A",), [(text,)]).splitlines()) == 2


@pytest.mark.parametrize("name", ["\x1b[31mx.log", "\udcff.log", "a\nb.log", "\u202ex.log"])
@pytest.mark.parametrize("words", [["list"], ["show", "x"], ["show", "x", "--json"]])
def test_records_and_names_of_files(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    words: list[str],
) -> None:
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path))
    monkeypatch.setenv("BUILDER_URI", "test:///default")
    texts = dict.fromkeys(("step", "error", "hint", "version"), "No\x1b[2J \x9b1m\u202esuch.")
    folder = recorded(tmp_path / "builds/x/20261125T100000-5646559a", state="failed", **texts)
    (folder / name).touch()
    assert app.run(["builds", *words]) == 0
    printed = capsys.readouterr()
    assert _harmless(printed.out + printed.err)


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "written"),
    [(io.TextIOWrapper, b"a\x1b[1m\r\nb\xff"), (_Terminal, rb"a\x1b[1m\r" + b"\n" + rb"b\xff")],
)
def test_documents_are_exact_for_programs(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.TextIOWrapper], written: bytes
) -> None:
    behind = io.BytesIO()
    monkeypatch.setattr("sys.stdout", stream(behind, encoding="utf-8"))
    with guarded():
        document("a\x1b[1m\r\nb\udcff")
        sys.stdout.flush()
    assert behind.getvalue() == written


class _Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", text)


def test_a_full_disk_under_a_log_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", _Full())
    _tell("x")
    with guarded():
        _tell("x")
        print("x", file=sys.stderr)  # noqa: T201


def test_a_full_disk_under_results_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", _Full())
    with guarded(), pytest.raises(HostError, match=r"^Cannot write to standard output: No space"):
        print("x")  # noqa: T201
    built = Built(template=template(), fresh=True)
    with (
        guarded(),
        pytest.raises(HostError, match=r"centos7@20261123\.1 is published\. C"),
    ):
        tell(built, json=True)
