"""Locks and half-written files."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder import files
from builder.errors import HostError
from builder.model.traces import scratch_of
from builder.monitor import SilentMonitor


def test_what_a_killed_writer_left_is_abandoned_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / ".left.iso.builder-abcd_123.part"
    left.touch()
    (tmp_path / ".download.part").touch()
    (tmp_path / ".holiday.download.part").touch()
    (tmp_path / ".20260101T010101-00007040.iso.builder-abcdefgh.part").touch()
    (tmp_path / ".20260101T010101-00007040.iso.abcdefgh.part").touch()
    (tmp_path / ".folder.builder-12345678.part").mkdir()
    (tmp_path / ".link.builder-12345678.part").symlink_to(left.name)
    (tmp_path / ".another-s.builder-12345678.part").touch()
    os.chown(tmp_path / ".another-s.builder-12345678.part", 12345, 12345)
    with files.scratch(tmp_path / "x") as written:
        assert scratch_of(written.name) == "x"
        assert files.abandoned(tmp_path) == (left,)
        assert files.abandoned(tmp_path, mark="") == (tmp_path / ".holiday.download.part",)


def test_a_lock_is_one_process_s(tmp_path: Path) -> None:
    assert not files.held(tmp_path / "gone")
    with files.locked(tmp_path):
        assert files.held(tmp_path)
        with pytest.raises(BlockingIOError), files.locked(tmp_path, wait=False):
            pytest.fail("must not get here")
    assert not files.held(tmp_path)


def test_a_lock_is_not_made_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic links"), files.locked(tmp_path / "lock"):
        pytest.fail("must not get here")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_fresh_file_takes_a_link_s_place(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    other, path = tmp_path / "other", tmp_path / "path"
    other.write_text("another's")
    link(path, other)
    files.fresh(path)
    path.write_text("mine")
    assert (other.read_text(), path.stat().st_mode & 0o777) == ("another's", 0o600)
    with pytest.raises(OSError, match="directory"):
        files.fresh(tmp_path)


def test_what_nobody_can_open_is_somebody_s(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert files.held(tmp_path / "loop")


def test_what_is_no_plain_file_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not files.held(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(HostError, match=f"Cannot read {path}: "):
            files.sha256(path, monitor=SilentMonitor())


class Failing(io.FileIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


def test_a_file_whose_disk_fails_is_the_hosts_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "iso").touch()
    monkeypatch.setattr(files, "open_plain", Failing)
    with pytest.raises(HostError, match=f"Cannot read {tmp_path}/iso: Input/output error"):
        files.sha256(tmp_path / "iso", monitor=SilentMonitor())


def fill(path: Path) -> None:
    with files.replacing(path, mode=0o600) as part:
        part.write_text("new")
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(HostError, match="No space is left"):
        fill(path)
    assert [each.name for each in tmp_path.iterdir()] == ["x"]
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("files_left", "blocks_left", "said", "hint"),
    [
        (0, 9, "No more files fit", "`df -i 'my folder'`"),
        (9, 0, "No space is left", "`df -h 'my folder'`"),
        (0, 0, "No space is left", "`df -h 'my folder'`"),
    ],
)
def test_full_of_what(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files_left: int,
    blocks_left: int,
    said: str,
    hint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my folder").mkdir()
    state = SimpleNamespace(f_files=100, f_favail=files_left, f_bavail=blocks_left)
    monkeypatch.setattr(os, "statvfs", lambda _folder: state)
    with pytest.raises(HostError, match=said) as caught, files.writing(Path("my folder")):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert hint in caught.value.hint


def test_full_before_the_folder_is_there(tmp_path: Path) -> None:
    with (
        pytest.raises(HostError) as caught,
        files.writing(tmp_path / "a/b", what="Cannot make it", hint="Mend it."),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.message == f"No space is left in {tmp_path}."
    assert caught.value.hint == f"Make room: `df -h {tmp_path}`."
