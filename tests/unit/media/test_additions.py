"""What people add to an ISO: every file and folder, or a reason."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.media import additions


def test_links_are_followed_and_folders_made(tmp_path: Path) -> None:
    real, repo = tmp_path / "real", tmp_path / "repo"
    (repo / "empty").mkdir(parents=True)
    (real / "deep").mkdir(parents=True)
    (real / "deep/a.rpm").write_text("package")
    (repo / "run.sh").write_text("#!/bin/sh\n")
    (repo / "run.sh").chmod(0o754)
    (repo / "empty").chmod(0o710)
    (repo / "Packages").symlink_to("../real")
    (repo / "start").symlink_to("run.sh")
    found = additions.collect([(repo, "x/repo"), (repo / "run.sh", "one")])
    files = ("x/repo/Packages/deep/a.rpm", "x/repo/run.sh", "x/repo/start", "one")
    assert tuple(found.files) == files
    assert found.folders == ("x/repo", "x/repo/Packages", "x/repo/Packages/deep", "x/repo/empty")
    assert found.modes.keys() == {*found.files, *found.folders}
    assert found.modes["x/repo/start"] == found.modes["one"] == 0o100754
    assert found.modes["x/repo/empty"] == 0o040710


def test_the_same_folder_twice_is_no_loop(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).mkdir()
    (tmp_path / "2/file").write_text("x")
    for name in "ab":
        (tmp_path / "0" / name).symlink_to("../1")
        (tmp_path / "1" / name).symlink_to("../2")
    found = additions.collect([(tmp_path / "0", "x")])
    assert tuple(found.files) == ("x/a/a/file", "x/a/b/file", "x/b/a/file", "x/b/b/file")


def _link(to: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(to)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def _blasting(path: Path) -> None:
    """Make 2 to the 20th ways through twenty folders."""
    path.mkdir()
    for number in range(20):
        (path / str(number)).mkdir()
        for name in "ab":
            (path / str(number) / name).symlink_to(f"../{number + 1}")
    (path / "20").mkdir()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_link("nowhere"), "odd cannot be added: the link leads nowhere"),
        (_link("."), "odd cannot be added: the link leads back to a folder that it is in"),
        (_link("../../repo"), "odd cannot be added: the link leads back"),
        (_link("odd"), "Cannot add .*odd: Too many levels of symbolic links"),
        (_link("/dev/null"), "odd cannot be added: it is a device"),
        (os.mkfifo, "odd cannot be added: it is a pipe"),
        (_socket, "odd cannot be added: it is a socket"),
        (_blasting, "has more than 65535 folders"),
    ],
)
def test_what_is_neither_file_nor_folder_is_named(
    make: Callable[[Path], object], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "repo/deep").mkdir(parents=True)
    make(tmp_path / "repo/deep/odd")
    with pytest.raises(ConfigError, match=reason) as caught:
        additions.collect([(tmp_path / "repo", "x")])
    assert caught.value.hint


def test_what_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repo/closed").mkdir(parents=True)

    def refused(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(ConfigError, match=r"Cannot add .*repo: Permission denied"):
        additions.collect([(tmp_path / "repo", "x")])
