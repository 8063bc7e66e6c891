"""Where users may have a file written."""

import os
import socket
from pathlib import Path

import pytest

from builder import files
from builder.errors import HostError, UsageError
from builder.paths import targets


@pytest.fixture(autouse=True)
def _things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain").write_text("old")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket")
    for link, to in {
        "to-plain": "plain",
        "to-pipe": "pipe",
        "to-folder": "folder",
        "to-null": "/dev/null",
        "to-nothing": "nothing",
        "loop": "loop",
    }.items():
        Path(link).symlink_to(to)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is a folder"),
        (".", "is a folder"),
        ("folder", "is a folder"),
        ("pipe", "is a pipe"),
        ("socket", "is a socket"),
        ("/dev/null", "/dev/null is a device"),
        ("to-pipe", "is a pipe"),
        ("to-folder", "is a folder"),
        ("to-null", "is a device"),
        ("to-nothing", "a link to nothing, where nothing is"),
        ("loop", "levels of symbolic links"),
        ("-", "standard output"),
        ("gone/x", "There is no folder"),
        ("plain/x", "is no folder"),
        ("x" * 300, "File name too long"),
        ("x" * 241, "File name too long"),  # what is written has a longer name at first
    ],
)
def test_what_no_file_is_written_to(name: str, said: str, tmp_path: Path) -> None:
    before = _found(tmp_path)
    with pytest.raises(UsageError, match=said):
        targets.target(Path(name), force=True)
    assert _found(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["gone/", "gone//", "gone/.", "gone/x/", "to-nothing/", "plain/x/"]
)
def test_a_slash_at_the_end_means_a_folder_that_is_there(name: str) -> None:
    with pytest.raises(UsageError, match=f"There is no folder {name}\\.$") as caught:
        targets.named(name)
    assert caught.value.hint == f"`mkdir -p {name}` makes it."


@pytest.mark.parametrize(
    "name", ["", ".", "-", "gone", "gone/x", "folder", "folder/", "to-folder/.", "/", "pipe"]
)
def test_other_names_stay(name: str) -> None:
    assert targets.named(name) == Path(name)


def _found(folder: Path) -> dict[str, tuple[int, ...]]:
    there = {each.name: each.lstat() for each in folder.iterdir()}  # atime moves when it is read
    return {
        name: (each.st_ino, each.st_mode, each.st_size, each.st_mtime_ns)
        for name, each in there.items()
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_stick_is_for_burn() -> None:
    os.mknod("stick", 0o60600, os.makedev(7, 99))
    with pytest.raises(UsageError, match="is a device") as caught:
        targets.target(Path("stick"), force=True)
    assert f"`builder iso burn FILE {Path.cwd()}/stick`" in caught.value.hint


def test_what_is_there_needs_force(tmp_path: Path) -> None:
    assert targets.target(Path("new")) == tmp_path / "new"
    for name in ("plain", "to-plain"):
        assert targets.target(Path(name), force=True) == tmp_path / "plain"
        with pytest.raises(UsageError, match="exists already") as caught:
            targets.target(Path(name), force=False)
        assert "--force" in caught.value.hint


def test_nothing_is_replaced_in_a_store(tmp_path: Path) -> None:
    Path("folder", targets.STORE).touch()
    Path("folder/centos7-20261128.1.json").write_text("{}")
    Path("to-manifest").symlink_to("folder/centos7-20261128.1.json")
    for name in ("folder/centos7-20261128.1.json", "to-manifest"):
        with pytest.raises(UsageError, match="is in a store of templates"):
            targets.target(Path(name), force=True)
    assert targets.target(Path("folder/new")) == tmp_path / "folder/new"


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("new.channels.json", False),
        ("new-20261129.1.qcow2", False),
        ("new-20261129.1.json", False),
        ("new-20261129.1.qcow2.intoto.jsonl", False),
        ("new-20261129.1.ova", True),
        ("new.qcow2", True),
        ("new.iso", True),
    ],
)
def test_nothing_passes_for_a_template(name: str, tmp_path: Path, *, allowed: bool) -> None:
    assert targets.target(Path("folder", name)) == tmp_path / "folder" / name
    Path("folder", targets.STORE).touch()
    Path("by-link").symlink_to("folder")
    for path in (Path("folder", name), Path("by-link", name)):
        if allowed:
            assert targets.target(path) == tmp_path / "folder" / name
        else:
            with pytest.raises(UsageError, match="only templates have such names"):
                targets.target(path)


def test_names_that_cannot_be_are_no_folder_and_the_same_as_nothing() -> None:
    long = Path("x" * 300)
    assert targets.inside(long, "usual") == long
    assert targets.inside(Path("folder"), "usual") == Path("folder/usual")
    assert not targets.same(long, Path("plain"))
    assert targets.same(Path("to-plain"), Path("plain"))


def test_a_folder_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(HostError, match="read-only"):
        targets.target(Path("new"))


def test_streams(tmp_path: Path) -> None:
    assert targets.stream(Path("-")) == Path("/dev/stdout")
    assert targets.stream(Path("pipe")) == Path("pipe")
    assert targets.stream(Path("/dev/null")) == Path("/dev/null")
    assert targets.stream(Path("plain")) == tmp_path / "plain"
    assert targets.stream(Path("new")) == tmp_path / "new"
    for name in ("folder", "socket", "to-nothing", "gone/x"):
        with pytest.raises(UsageError):
            targets.stream(Path(name))


@pytest.mark.parametrize("name", ["pipe", "socket", "folder", "to-plain", "to-nothing"])
def test_no_rename_over_what_is_no_file(name: str) -> None:
    before = os.lstat(name)
    with (
        pytest.raises(HostError, match="not a file of ours"),
        files.replacing(Path(name), mode=0o600),
    ):
        pytest.fail("must not get here")
    assert os.lstat(name) == before
