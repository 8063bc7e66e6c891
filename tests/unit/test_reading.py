"""Files that others wrote: whatever they are, an answer or one error."""

import fcntl
import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec
import pytest

from builder import files
from builder.errors import ConfigError, HostError, MediaError
from builder.iso import source
from builder.monitor import SilentMonitor
from builder.paths import reading
from builder.record import logs
from builder.registry import reading as registry
from builder.virt import backing


class Row(msgspec.Struct):
    """What a JSON file should hold."""

    name: str


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_whether_there_is_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(written(tmp_path / "file", b""))
    there = [
        name for name in ("file", "link", "pipe", ".", "gone", "file/x") if _is(tmp_path, name)
    ]
    assert there == ["file", "link"]


def _is(folder: Path, name: str) -> bool:
    return reading.is_file(folder / name)


@pytest.mark.parametrize(
    ("name", "why"),
    [("x" * 300, "File name too long"), ("a\0b", "embedded null"), ("loop", "symbolic links")],
)
def test_names_that_no_file_can_have(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match=why) as caught:
        reading.is_file(tmp_path / name)
    assert caught.value.hint
    with pytest.raises(HostError, match=why):
        reading.read_data(tmp_path / name, limit=1, error_class=HostError)


def test_what_is_no_plain_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    before, tried = os.open, []

    def noted(path: str, flags: int, **more: int) -> int:
        tried.extend([] if flags & os.O_PATH else [path])  # which opens nothing
        return before(path, flags, **more)

    monkeypatch.setattr(os, "open", noted)
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        for read in (reading.open_plain, registry.content, _as_iso):
            with pytest.raises((OSError, ConfigError, MediaError), match=r"no plain|directory"):
                read(path)
    assert tried == []


@pytest.mark.parametrize("links", [True, False])
def test_a_link_is_followed_where_it_may_be(tmp_path: Path, *, links: bool) -> None:
    file, link = written(tmp_path / "file", b"text"), tmp_path / "link"
    link.symlink_to(file)
    assert reading.read_data(file, limit=9, links=links) == b"text"
    with nullcontext() if links else pytest.raises(ConfigError, match="it is no plain file"):
        assert reading.read_data(link, limit=9, links=links) == b"text"


def test_what_is_laid_there_after_the_look_is_not_opened(tmp_path: Path) -> None:
    file = written(tmp_path / "file", b"text")
    with reading.pinned(file) as (name, _state):
        file.unlink()
        os.mkfifo(file)
        assert Path(name).read_bytes() == b"text"


def test_files_of_the_kernel_are_empty_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "build.json").symlink_to("/proc/kmsg")  # who reads that waits, or takes it away
    link = tmp_path / "build.json"
    assert reading.read_data(link, limit=9) == b""
    assert registry.content(link) == b""
    assert backing.needs(link) == ()
    assert files.sha256(link, monitor=SilentMonitor()) == hashlib.sha256().hexdigest()
    assert list(logs.chunks(link)) == []
    with source.opened(link) as iso, pytest.raises(MediaError, match="damaged"):
        iso.read(0, 1)


@pytest.mark.parametrize(
    "read",
    [
        lambda path: reading.read_data(path, limit=99),
        lambda path: reading.read_data(path, limit=99, links=False),
        lambda path: reading.read_data(path, limit=99, pipes=True),
        registry.content,
        backing.needs,
        backing.parts,
        lambda path: files.sha256(path, monitor=SilentMonitor()),
        files.held,
    ],
)
def test_a_lease_is_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = written(tmp_path / "file", b"text")
    wanted = read(path)
    with leased(path) as broken:
        assert read(path) == wanted
        assert broken


@contextmanager
def leased(path: Path) -> Iterator[list[int]]:
    """Have a file as file servers have it, until the kernel says that somebody else wants it."""
    with path.open("r+b") as file:
        broken: list[int] = []

        def give(signal: int, _frame: object) -> None:
            broken.append(signal)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)

        before = signal.signal(signal.SIGIO, give)
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            yield broken
        finally:
            signal.signal(signal.SIGIO, before)


def test_a_disk_that_fails_under_an_iso_is_told(tmp_path: Path) -> None:
    with source.opened(written(tmp_path / "x.iso", b"text")) as iso:
        iso.handle = os.open(tmp_path, os.O_RDONLY)  # of which the system refuses to read
        with pytest.raises(MediaError, match="Cannot read"):
            iso.read(0, 1)
        os.close(iso.handle)


def _as_iso(path: Path) -> None:
    with source.opened(path):
        pass


def test_what_is_no_plain_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ConfigError, match=r"it is no plain file\."):
            reading.read_text(path)
    with pytest.raises(ConfigError, match="Is a directory"):
        reading.read_text(tmp_path)


def test_a_pipe_that_was_named_is_read_and_bounded() -> None:
    ends = os.pipe()
    os.write(ends[1], b"secret\n")
    os.close(ends[1])
    assert reading.read_text(Path(f"/dev/fd/{ends[0]}"), pipes=True) == "secret\n"
    os.close(ends[0])
    with pytest.raises(ConfigError, match="larger than 9 bytes"):
        reading.read_data(Path("/dev/zero"), limit=9, pipes=True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a = ", "is not TOML"),
        (b"a = 1\nb = '\xe4'", r"no text in UTF-8 \(line 2\)"),
        (b"\xff\xfea\0=\x001\0", "text in UTF-16"),
        (b"a\0=\x001\0", "text in UTF-16"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"[" + b".".join([b"a"] * 300) + b"]", "more than 32 tables"),
        (b"[" + b".".join([b"a"] * 3000) + b"]", "more than 300 dots in line 1"),
        (b"# x\r\n" + b"a." * 40_000 + b"b=1", "more than 300 dots in line 2"),
        (b"x = [\n{ " + b'"".' * 40_000 + b"b=1}]", "more than 300 dots in line 2"),
        (b"a = " + b"9" * 5000, "limit"),
        (b"#" * (2 << 20), "larger than"),
    ],
)
def test_toml_that_is_none(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        reading.read_toml(written(tmp_path / "x.toml", data))
    assert len(str(caught.value)) < 300
    assert caught.value.hint


def test_the_mark_before_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    path = written(tmp_path / "x.toml", b"\xef\xbb\xbfa = '\xef\xbb\xbf'\r\n")
    assert reading.read_toml(path) == {"a": "\ufeff"}
    with pytest.raises(ConfigError, match="is not TOML"):
        reading.read_toml(written(path, b"\xef\xbb\xbf\xef\xbb\xbfa = 1"))


def test_toml(tmp_path: Path) -> None:
    found = reading.read_toml(written(tmp_path / "x.toml", b"[a]\nb = [[1], [{c = 2}]]"))
    assert found == {"a": {"b": [[1], [{"c": 2}]]}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b'{"name": 5}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "x", "more": ' + b"[" * 100_000,
        b'{"name": ' + b"9" * 5000 + b"}",
        b"\0" * 1000,
        b'{"name": "' + b"x" * 2000 + b'"}',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_json_that_is_damaged(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(HostError, match=r"x\.json") as caught:
        reading.read_json(
            written(tmp_path / "x.json", data), Row, limit=1999, error_class=HostError
        )
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert reading.read_json(written(path, b'{"name": "x", "new": 1}'), Row) == Row(name="x")
    path.unlink()
    with pytest.raises(ConfigError, match="No such file") as caught:
        reading.read_json(path, Row)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_paths_of_settings() -> None:
    assert reading.as_path(Path, "a", folder=Path("/b")) == Path("/b/a")
    for kind, value in ((int, "a"), (Path, 5), (Path, "a\0"), (Path, "a\udcff")):
        with pytest.raises(ValueError, match=r"expected|NUL|surrogates"):
            reading.as_path(kind, value)
