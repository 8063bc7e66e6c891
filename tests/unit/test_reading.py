"""Files that others wrote: whatever they are, an answer or one error."""

import os
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest

from builder.errors import ConfigError, HostError, MediaError
from builder.iso import source
from builder.paths import reading
from builder.registry import reading as registry


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

    def noted(path: str, *words: int, **more: int) -> int:
        tried.append(Path(path))
        return before(path, *words, **more)

    monkeypatch.setattr(os, "open", noted)
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        for read in (reading.open_plain, registry.content, _as_iso):
            with pytest.raises((OSError, ConfigError, MediaError), match=r"no plain|directory"):
                read(path)
    assert tried == []


@pytest.mark.parametrize("links", [True, False])
def test_a_link_is_followed_where_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    file, link = written(tmp_path / "file", b"text"), tmp_path / "link"
    link.symlink_to(file)
    assert reading.read_data(file, limit=9, links=links) == b"text"
    with nullcontext() if links else pytest.raises(ConfigError, match="it is no plain file"):
        assert reading.read_data(link, limit=9, links=links) == b"text"
    # One that somebody has laid after it was looked at.
    state = file.lstat()
    monkeypatch.setattr(Path, "stat", lambda _path, **_how: state)
    with nullcontext() if links else pytest.raises(OSError, match="symbolic links"):
        reading.open_plain(link, links=links).close()


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
        (b"a = '\xe4'", "no text in UTF-8"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"[" + b".".join([b"a"] * 3000) + b"]", "more than 32 tables"),
        (b"a = " + b"9" * 5000, "limit"),
        (b"#" * (2 << 20), "larger than"),
    ],
)
def test_toml_that_is_none(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        reading.read_toml(written(tmp_path / "x.toml", data))
    assert len(str(caught.value)) < 300
    assert caught.value.hint


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
    for kind, value in ((int, "a"), (Path, 5), (Path, "a\0")):
        with pytest.raises(ValueError, match=r"expected|NUL"):
            reading.as_path(kind, value)
