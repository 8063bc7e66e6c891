"""The journal: how far a build came, on disk, whatever happens."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from builder.errors import ConfigError, HostError, InstallError, MediaError, UsageError
from builder.files import held
from builder.kickstart.library import Library
from builder.model.build import BuildOrder
from builder.monitor import SilentMonitor
from builder.record.checkpoint import Checkpoint
from builder.record.journal import Journal
from tests.orders import ordered


def open_journal(place: Path) -> Journal:
    return Journal.begin(place, "centos7", monitor=SilentMonitor())


def entry(journal: Journal) -> Any:  # noqa: ANN401  # JSON
    return json.loads((journal.folder / "build.json").read_text())


def test_events_that_nobody_reads_leave_no_build(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    journal = Journal.begin(
        tmp_path / "builds", "centos7", events=tmp_path / "pipe", monitor=SilentMonitor()
    )
    with pytest.raises(UsageError, match="Nobody reads"), journal:
        pytest.fail("must not get here")
    assert not journal.folder.exists()


def test_a_build_goes_away_though_somebody_writes_its_page_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = shutil.rmtree

    def first(folder: Path) -> None:
        monkeypatch.setattr("shutil.rmtree", remove)
        (folder / "build.json").unlink()
        (folder / "dossier.html").touch()
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    with open_journal(tmp_path) as journal:
        monkeypatch.setattr("shutil.rmtree", first)
        journal.discard()
        assert not journal.folder.exists()


def test_a_running_build_can_be_seen(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        seen = journal.step("stage_iso", "Staging x.iso", dict, lambda: entry(journal))
        assert journal.folder == tmp_path / "centos7" / journal.build_id
        assert (seen["state"], seen["step"]) == ("running", "Staging x.iso")
        assert seen["pid"] == os.getpid()
        journal.write("kickstart.ks", "text\n")
        journal.step("run_installation", "Installing", int, lambda: 7)
    done = entry(journal)
    assert (done["state"], done["step"], done["error"]) == ("done", "", "")
    assert [step["step"] for step in done["steps"]] == ["Staging x.iso", "Installing"]
    names = {path.name for path in journal.folder.iterdir()}
    assert names == {"build.json", "events.jsonl", "kickstart.ks"}


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (InstallError("It broke."), "failed", "It broke."),
        (ValueError("odd"), "failed", "odd"),
        (KeyboardInterrupt(), "interrupted", ""),
        (SystemExit(1), "interrupted", "1"),
    ],
)
def test_how_it_ended(tmp_path: Path, error: BaseException, state: str, said: str) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(type(error)), journal:
        _break_down(journal, error)
    found = entry(journal)
    assert (found["state"], found["step"], found["error"]) == (state, "Installing", said)
    assert found["steps"] == []


def test_a_stopped_build_can_be_gone_on_with(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(HostError), journal:
        _stop(journal)
    found = entry(journal)
    assert (found["state"], found["error"], found["exit_code"]) == ("stopped", "It went away.", 4)
    with Journal.join(journal.folder, monitor=SilentMonitor()) as again:
        found = entry(again)
        assert (found["state"], found["error"], found["exit_code"]) == ("running", "", None)
        assert again.step("stage_iso", "Staging x.iso", int, lambda: 8) == 7
    assert entry(again)["state"] == "done"
    assert not (journal.folder / ".results.json").exists()


def _stop(journal: Journal) -> None:
    journal.step("stage_iso", "Staging x.iso", int, lambda: 7)
    journal.stop()
    _break_down(journal, HostError("It went away.", hint="Look."))


def _break_down(journal: Journal, error: BaseException) -> None:
    journal.write("console.log", "evidence")
    journal.step("run_installation", "Installing", int, Mock(side_effect=error))


@pytest.mark.parametrize(
    ("error", "leaves"),
    [
        (MediaError("It is no ISO."), True),
        (HostError("It is full."), True),
        (ValueError("odd"), True),
        (UsageError("Which one?"), False),
        (ConfigError("It makes no sense."), False),
        (KeyboardInterrupt(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_build_leaves_that_has_made_nothing(
    tmp_path: Path, error: BaseException, *, leaves: bool
) -> None:
    with pytest.raises(type(error)), open_journal(tmp_path):
        raise error
    assert [each.name for each in tmp_path.iterdir()] == ["centos7"] * leaves


def test_a_discarded_build_leaves_nothing_but_other_builds(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.discard()
    assert list(tmp_path.iterdir()) == []
    with open_journal(tmp_path) as other:
        pass
    with open_journal(tmp_path) as journal:
        journal.discard()
    assert entry(other)["state"] == "done"


def test_each_build_has_a_folder_of_its_own(tmp_path: Path) -> None:
    made = {open_journal(tmp_path).build_id for _ in range(50)}
    assert len(made) == 50


def test_a_link_reaches_the_image(tmp_path: Path) -> None:
    image = tmp_path / "centos7-20261123.1.qcow2"
    image.write_text("image")
    with open_journal(tmp_path / "artifacts") as journal:
        link = journal.link(image)
    assert link.samefile(image)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "centos7").write_text("in the way")
    with pytest.raises(HostError, match="Cannot make the folder"), open_journal(tmp_path):
        pytest.fail("must not get here")


def _full(journal: Journal) -> None:
    """Make the folder take no more, as far as the superuser can be kept from it."""
    (journal.folder / "kickstart.ks").symlink_to("/dev/full")
    (journal.folder / "build.json").unlink()
    (journal.folder / "build.json").mkdir()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.__enter__()
    _full(journal)
    with pytest.raises(HostError, match=f"No space is left in {journal.folder}"):
        journal.write("kickstart.ks", "text")
    with pytest.raises(HostError, match=r"build\.json is a folder, not a file of ours"):
        journal.__exit__(None, None, None)


def test_a_full_disk_does_not_hide_the_failure(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.__enter__()
    _full(journal)
    error = InstallError("It broke.")
    journal.__exit__(InstallError, error, None)  # raises nothing else
    assert journal.record.error == "It broke."


class Values(msgspec.Struct, frozen=True):
    path: Path
    count: int


def killed(journal: Journal) -> None:
    """Let go of the folder as a process does that is killed."""
    held = journal._open  # noqa: SLF001  # what the kernel does
    assert held is not None
    held.close()


def test_another_process_goes_on_after_the_last_finished_step(tmp_path: Path) -> None:
    journal = open_journal(tmp_path).__enter__()
    journal.checkpoint.keep({"order": Values(tmp_path, 1)})
    made = journal.step("stage_iso", "Staging x.iso", Values, lambda: Values(tmp_path / "x", 2))
    with pytest.raises(HostError, match="Another process carries out the build"):
        Journal.join(journal.folder, monitor=SilentMonitor()).__enter__()
    assert held(journal.folder)
    killed(journal)
    assert not held(journal.folder)
    with Journal.join(journal.folder, monitor=SilentMonitor()) as joined:
        assert joined.checkpoint.get("order", Values) == Values(tmp_path, 1)
        assert joined.step("stage_iso", "Staging it again", Values, pytest.fail) == made
        assert joined.step("run_installation", "Installing", int, lambda: 3) == 3
        secret = joined.folder / ".results.json"
        assert secret.stat().st_mode & 0o777 == 0o600
    assert not secret.exists()
    assert [step["step"] for step in entry(joined)["steps"]] == ["Staging x.iso", "Installing"]
    with pytest.raises(UsageError, match=r"has ended \(done\)"):
        Journal.join(journal.folder, monitor=SilentMonitor())


def test_an_order_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    """Releases and profiles have variables of any type, profiles also paths."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/mine.toml").write_text(
        'checks = ["up.py"]\n[variables]\nonline = false\nswap_mib = 64\npackages = ["tree"]\n'
    )
    (tmp_path / "up.py").touch()
    order = ordered("rehearsal", library=Library(tmp_path), profile="mine")
    checkpoint = Checkpoint(tmp_path)
    checkpoint.keep({"order": order})
    checkpoint.load()
    assert checkpoint.get("order", BuildOrder) == order
