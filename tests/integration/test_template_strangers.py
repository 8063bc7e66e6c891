"""A store pool full of foreign and hostile files: no command removes, awaits or fails at one."""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from store_pools import issue, printed, typed_at

from builder.cli import app
from builder.registry import gc
from builder.registry.registry import Registry
from builder.virt import pools
from builder.virt.connection import connect
from tests.hosts import URI

Make = Callable[[Path], object]


def _content(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2 << 30)


def _socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)  # names of sockets are short: by way of the folder
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def _node(kind: int, number: tuple[int, int]) -> Make:
    def make(path: Path) -> None:
        try:
            os.mknod(path, kind | 0o666, os.makedev(*number))
        except PermissionError:  # as a user
            os.mkfifo(path)

    return make


def _closed(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


def _others(path: Path) -> None:
    path.write_text("{}")
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)


KINDS: dict[str, Make] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "device": _node(stat.S_IFCHR, (1, 5)),  # that of /dev/zero
    "driverless": _node(stat.S_IFBLK, (250, 250)),
    "folder": Path.mkdir,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "sparse": _sparse,
    "empty": Path.touch,
    "deep": _content(b"[" * 100_000),
    "deep-object": _content(b'{"name":' * 100_000),
    "bytes": _content(b"\xff\xfe" * 100),
    "null": _content(b"null"),
    "number": _content(b'{"schema": ' + b"9" * 5000 + b"}"),
    "surrogate": _content(b'{"name": "\\ud800", "schema": 1}'),
    "closed": _closed,
    "others": _others,
}
NAMES = (
    "{}-20261124.1.json",
    "{}-20261124.1.qcow2",
    "{}.channels.json",
    "{}-20261124.1.qcow2.intoto.jsonl",
    "..{}.candidate.json",
    ".{}.channels.json.x.part",
    ".{}.channels.json.builder-12345678.part",
    "centos7-{}.json",
    "{}-20261124.1\n.json",
    "\x1b[31m{}-20261124.1.json",
    "{}\udcff-20261124.1.json",
    "{}-99999999.999999999.json",
    "{}-20261124.12345678901234567890.json",
    "{}",
)
OURS = {".{}.channels.json.builder-12345678.part"}
"""What nobody but us calls a file so: gc removes plain ones."""


def _fill(store: Path) -> dict[str, os.stat_result]:
    """Make one of each kind under each name; return what there is, as it was."""
    for name, (kind, make) in product(NAMES, KINDS.items()):
        if name not in OURS or kind in {"pipe", "socket", "device", "folder", "loop"}:
            make(store / name.format(kind))
    # Foreign files where the next versions of a template of ours would be, and beside it.
    for number, make in enumerate(KINDS.values(), start=2):
        make(store / f"centos7-20261123.{number}.json")
    return {name: (store / name).lstat() for name in os.listdir(store)}  # noqa: PTH208


def _same(store: Path, before: dict[str, os.stat_result]) -> list[str]:
    """Return what was there before and is another file now."""
    changed = []
    for name, was in before.items():
        now = (store / name).lstat() if os.path.lexists(store / name) else None
        if now is None or (now.st_ino, now.st_mode, now.st_size) != (
            was.st_ino,
            was.st_mode,
            was.st_size,
        ):
            changed.append(name)
    return changed


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    with typed_at(tmp_path, monkeypatch) as folder:
        issue(folder, "build-1")
        yield folder


def test_no_command_minds_strangers(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _fill(store)
    assert len(before) > 200  # kinds
    capsys.readouterr()
    assert app.run(["template", "list"]) == 0
    captured = capsys.readouterr()
    assert [line.split()[:2] for line in captured.out.splitlines()[1:]] == [
        ["centos7", "20261123.1"]
    ]
    assert captured.err.count("Not a template: ") >= len(KINDS)
    assert "\x1b" not in captured.err
    printed(capsys, "template", "show", "centos7")
    printed(capsys, "template", "promote", "centos7")
    assert issue(store, "build-2").version == f"20261123.{len(KINDS) + 2}"
    printed(capsys, "template", "diff", "centos7@stable", "centos7")
    for argv in (
        ["verify", "centos7"],
        ["export", "centos7", "--format", "raw", "-o", str(tmp_path)],
    ):
        assert app.run(["template", *argv]) == 0
    printed(capsys, "template", "prune", "--keep", "1")
    printed(capsys, "template", "promote", "centos7")
    printed(capsys, "template", "delete", "centos7@20261123.1")
    with connect(URI) as connection:
        pools.notice(connection, "store")
        found = gc.clear(Registry(store), connection, builds=tmp_path, dry_run=False)
        assert found == ()
    for word in ("deep", "pipe@stable", "pipe@20261124.1", "nosuch"):
        assert app.run(["template", "show", word]) in {2, 3, 4}, word
    ours = {"centos7-20261123.1.json", "centos7-20261123.1.qcow2", "centos7.channels.json"}
    assert set(_same(store, before)) == ours
