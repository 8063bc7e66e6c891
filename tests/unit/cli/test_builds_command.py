"""builder builds: what it prints for builds of every kind."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.cli import app
from builder.errors import HostError
from builder.files import locked
from builder.model.traces import Traces
from builder.record.builds import load
from builder.virt.ours import Ours
from tests.values import recorded

DONE = "20261125T094005-96974f0b"
FAILED = "20261125T100000-5646559a"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDER_STATE", str(tmp_path))
    monkeypatch.setenv("BUILDER_URI", "test:///default")
    place = tmp_path / "builds"
    done = recorded(
        place / "centos7" / DONE,
        state="done",
        began="2026-11-25T09:40:05Z",
        ended="2026-11-25T09:41:10Z",
        version="20261125.1",
        steps=[{"step": "Installing", "seconds": 60}],
    )
    (done / "console.log").write_bytes(b"\x1b[31mred\x1b[0m\r\n")
    (done / "clone-a.log").write_bytes(b"login: ")
    recorded(
        place / "rehearsal" / FAILED,
        state="failed",
        step="Installing",
        error="It broke.",
        hint="Mend it.",
        exit_code=7,
        began="2026-11-25T10:00:00Z",
        ended="2026-11-25T10:00:04Z",
    )
    return place


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert app.run(["builds", *argv]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "list").splitlines() == [
        "BUILD                     NAME       STATE   BEGAN (UTC)          TOOK        "
        "RESULT OR STEP",
        f"{FAILED}  rehearsal  failed  2026-11-25 10:00:00  4.0 s       It broke.",
        f"{DONE}  centos7    done    2026-11-25 09:40:05  1 min 05 s  20261125.1",
    ]
    assert printed(capsys, "list", "centos7").count("\n") == 2
    assert printed(capsys, "list", "nosuch").count("\n") == 1


def test_a_message_of_several_lines_is_one(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(
        place / "odd" / "20261126T000001-0123abcd",
        state="failed",
        error="QEMU said: one\n two.",
        hint="Read\nit.",
    )
    [_header, row] = printed(capsys, "list", "odd").splitlines()
    assert row.endswith("  QEMU said: one two.")
    shown = printed(capsys, "show", "odd")
    assert "QEMU said: one two.\n" in shown
    assert "Read it.\n" in shown


def test_a_build_that_goes_away_while_it_is_shown(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that finds nothing changed leaves no folder."""
    folder = recorded(place / "x" / "20261126T000001-0123abcd", state="running")

    def begun(found: Path, **_options: object) -> Path:
        shutil.rmtree(found)
        raise HostError(f"Cannot write {found}: No such file or directory.")

    monkeypatch.setattr("builder.dossier.page.write", begun)
    with locked(folder):
        assert app.run(["builds", "show", "x"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "error: There is no build 20261126T000001-0123abcd any more: it has just ended.\n"
        "hint: One that finds nothing changed leaves no record: the template that it kept is in "
        "`builder template list x`.\n"
    )


def test_a_build_that_ends_while_it_is_read_is_not_abandoned(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(place / "x" / "20261126T000001-0123abcd", state="running")

    def over(_path: Path) -> bool:
        shutil.rmtree(folder)
        recorded(folder, state="done", version="20261126.1")
        return False

    monkeypatch.setattr("builder.files.held", over)
    found = load(folder)
    assert found is not None
    assert (found.state, found.result) == ("done", "20261126.1")
    shutil.rmtree(folder)
    recorded(folder, state="running")
    monkeypatch.setattr("builder.files.held", shutil.rmtree)
    assert load(folder) is None


def test_a_log_of_a_build_that_has_not_ended_tells_no_secret(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kept = {"render_kickstart": {"source": "x", "syntax": "RHEL7", "values": {}}}
    kept["render_kickstart"]["text"] = "rootpw --plaintext Tiger-77x\n"
    folder = place / "rehearsal" / FAILED
    (folder / ".results.json").write_text(json.dumps(kept))
    (folder / "console.log").write_text("+ echo Tiger-77x\n")
    assert app.run(["builds", "log", FAILED]) == 0
    assert capfd.readouterr().out == "+ echo **masked**\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")
def test_what_is_closed_is_no_fault_of_ours(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place / "centos7" / DONE
    for above in (place, *place.parents[:4]):
        above.chmod(above.stat().st_mode | 0o011)
    for each, mode in ((place / "centos7", 0o755), (folder, 0o711), (folder / "console.log", 0)):
        each.chmod(mode)
    printed(capsys, "show", str(folder))
    os.seteuid(12345)
    try:
        codes = [app.run(["builds", *words, str(folder)]) for words in (["show"], ["log"])]
    finally:
        os.seteuid(0)
    assert codes == [4, 4]
    assert capsys.readouterr().err.count("Permission denied.") == 2


def test_list_as_json(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    newest, _oldest = json.loads(printed(capsys, "list", "--json"))
    assert newest == {
        "build_id": FAILED,
        "name": "rehearsal",
        "state": "failed",
        "began": "2026-11-25T10:00:00.000Z",
        "seconds": 4.0,
        "step": "Installing",
        "error": "It broke.",
        "hint": "Mend it.",
        "exit_code": 7,
        "version": "",
        "folder": str(place / "rehearsal" / FAILED),
    }


def test_show(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    folder = place / "rehearsal" / FAILED
    shown = printed(capsys, "show", "20261125T10").splitlines()
    facts = {line[:9].strip(): line[11:] for line in shown if line[:9].strip()}
    assert facts == {
        "build": FAILED,
        "name": "rehearsal",
        "state": "failed",
        "step": "Installing",
        "error": "It broke.",
        "hint": "Mend it.",
        "exit code": "7",
        "began": "2026-11-25 10:00:00 UTC",
        "took": "4.0 s",
        "folder": str(folder),
        "dossier": str(folder / "dossier.html"),
    }
    assert any("build.json, " in line for line in shown)


def test_the_dossier_is_written_when_it_is_missing_or_old(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    page = place / "centos7" / DONE / "dossier.html"
    assert json.loads(printed(capsys, "show", "centos7", "--json"))["dossier"] == str(page)
    assert "centos7 20261125.1 is published." in page.read_text()
    page.write_text("mine")
    printed(capsys, "show", "centos7")
    assert page.read_text() == "mine"
    later = page.stat().st_mtime + 10
    os.utime(page.with_name("build.json"), (later, later))
    printed(capsys, "show", "centos7")
    assert page.read_text() != "mine"


def test_of_a_running_build_it_is_always_new(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    folder = recorded(place / "x" / "20261126T000001-b", state="running")
    (folder / "dossier.html").write_text("mine")
    with locked(folder):
        printed(capsys, "show", "x")
    assert "x is being built." in (folder / "dossier.html").read_text()


def test_a_build_whose_guest_runs_on_is_detached(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_id = "20261126T000001-0123abcd"
    folder = recorded(place / "x" / build_id, state="running", step="Installing")
    assert json.loads(printed(capsys, "show", "x", "--json"))["state"] == "abandoned"
    maker = Traces(id=build_id, name="x", folder=folder, began=datetime.now(UTC))
    guest = Ours(name=f"builder-x-{build_id}", maker=maker, active=True, disks=())
    monkeypatch.setattr("builder.virt.ours.ours", lambda _connection: (guest,))
    row = printed(capsys, "list", "x").splitlines()[1]
    assert " detached " in row
    assert row.endswith(f"Installing: its guest runs, `builder attach {build_id}`")
    hint = f"Its guest runs: `builder attach {build_id}` goes on with it."
    assert hint in printed(capsys, "show", "x")


def test_a_build_whose_folder_takes_no_page_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path, **_options: object) -> Path:
        raise HostError("Cannot write dossier.html: Permission denied.")

    monkeypatch.setattr("builder.dossier.page.write", refuse)
    assert "It broke." in printed(capsys, "show", "rehearsal")
    assert json.loads(printed(capsys, "show", "rehearsal", "--json"))["dossier"] is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "red\n"),
        (["--raw"], "\x1b[31mred\x1b[0m\r\n"),
        (["--source", "clone-a"], "login:\n"),
        (["--follow"], "red\n"),
    ],
)
def test_log(capfdbinary: pytest.CaptureFixture[bytes], options: list[str], text: str) -> None:
    assert app.run(["builds", "log", DONE, *options]) == 0
    assert capfdbinary.readouterr() == (text.encode(), b"")


@pytest.mark.parametrize(
    ("argv", "error", "hint"),
    [
        (["show", "centos"], "There is no build 'centos'.", "Did you mean centos7?"),
        (
            ["log", DONE, "--source", "virtio"],
            f"The build {DONE} has no virtio.log.",
            "It has console, clone-a.",
        ),
        (
            ["log", FAILED, "-f"],
            f"The build {FAILED} has no console.log.",
            "No guest of it has begun yet, or ever did.",
        ),
    ],
)
def test_refusals(
    capsys: pytest.CaptureFixture[str], argv: list[str], error: str, hint: str
) -> None:
    assert app.run(["builds", *argv]) == 2
    assert capsys.readouterr() == ("", f"error: {error}\nhint: {hint}\n")
