"""Downloads from a web server on the loopback that can resume, lie and break off."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builder.errors import HostError, MediaError
from builder.media.fetch import fetch
from builder.model.media import Download
from builder.model.release import Medium
from builder.monitor import SilentMonitor

_CONTENT = bytes(range(256)) * (32 << 10)  # 8 MiB
_HALF = len(_CONTENT) // 2
_BLOCK = 1 << 20
_FILE = "Medium-7.iso"


class Mirror(ThreadingHTTPServer):
    """Serves _CONTENT; `faults` names what goes wrong at the next requests, in order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults: list[str] = []
        self.ranges: list[str] = []

    def handle_error(self, *_arguments: object) -> None:
        """Keep quiet about clients that hang up: they are tests too."""

    @property
    def folder(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/isos/"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Mirror)
        fault = self.server.faults.pop(0) if self.server.faults else ""
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        if fault.isdecimal():
            self.send_error(int(fault))
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(_CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(_CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(start, fault, partial=bool(asked) and fault != "whole")

    def _send(self, start: int, fault: str, *, partial: bool) -> None:
        body = _CONTENT[::-1] if fault == "wrong" else _CONTENT
        body = body[start:] if partial else body
        self.send_response(206 if partial else 200)
        if partial:
            first = start + 1 if fault == "shifted" else start
            self.send_header("Content-Range", f"bytes {first}-{len(_CONTENT) - 1}/{len(_CONTENT)}")
        if fault != "no length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: 2 * _BLOCK] if fault == "cut" else body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Return a running server."""
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def _medium(*, sha256: str = "", size: int | None = None) -> Medium:
    found = sha256 or hashlib.sha256(_CONTENT).hexdigest()
    return Medium(file=_FILE, sha256=found, size=size)


def _get(cache: Path, *folders: str, medium: Medium | None = None) -> Path:
    source = Download(urls=folders, medium=medium or _medium())
    return fetch(source, cache=cache, monitor=SilentMonitor())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_download(mirror: Mirror, tmp_path: Path) -> None:
    path = _get(tmp_path / "new/cache", mirror.folder, medium=_medium(size=len(_CONTENT)))
    assert path == tmp_path / "new/cache" / _FILE
    assert path.read_bytes() == _CONTENT
    assert _names(path.parent) == [_FILE]
    assert mirror.ranges == [""]


@pytest.mark.parametrize(
    ("left", "faults", "starts"),
    [
        pytest.param(_HALF, [], [_HALF], id="resumes"),
        pytest.param(_HALF, ["cut", ""], [_HALF, _HALF + _HALF // 2], id="cut"),
        pytest.param(_HALF, ["whole"], [_HALF], id="server ignores the range"),
        pytest.param(_HALF, ["shifted", ""], [_HALF, 0], id="server sends another range"),
        pytest.param(_HALF, ["503", ""], [_HALF, _HALF], id="server is busy"),
        pytest.param(2 * _HALF, [], [2 * _HALF], id="complete, only verified"),
        pytest.param(2 * _HALF + 4, [], [2 * _HALF + 4, 0], id="too long, begins anew"),
    ],
)
def test_unfinished_download(
    left: int, faults: list[str], starts: list[int], mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / f"{_FILE}.part").write_bytes((_CONTENT + b"more")[:left])
    mirror.faults = faults
    assert _get(tmp_path, mirror.folder).read_bytes() == _CONTENT
    assert mirror.ranges == [f"bytes={start}-" if start else "" for start in starts]
    assert _names(tmp_path) == [_FILE]


@pytest.mark.parametrize("fault", ["404", "403", "wrong", "no length"])
def test_next_mirror_is_tried(fault: str, mirror: Mirror, tmp_path: Path) -> None:
    mirror.faults = [fault]
    assert _get(tmp_path, mirror.folder, mirror.folder).read_bytes() == _CONTENT
    assert mirror.ranges == ["", ""]


@pytest.mark.parametrize(
    ("faults", "medium", "reason"),
    [
        (["404", "404"], _medium(), "404 Not Found"),
        (["wrong", "wrong"], _medium(), "its sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}"),
        (["", ""], _medium(sha256="0" * 64), "its sha256 is .*, expected 0{64}"),
        (["", ""], _medium(size=7), f"it has {len(_CONTENT)} bytes, expected 7"),
        (["503"] * 8, _medium(), "503 Service Unavailable"),
    ],
)
def test_failure_names_every_url_and_leaves_nothing(
    faults: list[str], medium: Medium, reason: str, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.faults = faults
    first, second = mirror.folder, mirror.folder.replace("isos", "other")
    with pytest.raises(MediaError, match=f"{first}{_FILE}: {reason}; {second}{_FILE}: {reason}"):
        _get(tmp_path, first, second, medium=medium)
    assert _names(tmp_path) == []


def test_broken_transfers_keep_what_came(mirror: Mirror, tmp_path: Path) -> None:
    mirror.faults = ["cut", *["503"] * 3]
    with pytest.raises(MediaError, match="503"):
        _get(tmp_path, mirror.folder)
    assert (tmp_path / f"{_FILE}.part").read_bytes() == _CONTENT[: 2 * _BLOCK]


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="Connection refused") as caught:
        _get(tmp_path, "http://127.0.0.1:9")
    assert "0x" not in caught.value.message


def test_another_file_of_that_name_is_not_overwritten(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / _FILE).write_bytes(b"mine")
    with pytest.raises(MediaError, match="expected"):
        _get(tmp_path, mirror.folder)
    assert (tmp_path / _FILE).read_bytes() == b"mine"
    assert mirror.ranges == []


@pytest.mark.parametrize("name", [_FILE, f"{_FILE}.part"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_left_alone(
    name: str, make: Callable[[Path], None], mirror: Mirror, tmp_path: Path
) -> None:
    make(tmp_path / name)
    with pytest.raises(MediaError, match=f"{name} is no file"):
        _get(tmp_path, mirror.folder)
    assert _names(tmp_path) == [name]
    assert mirror.ranges == []


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "symbolic": Path.symlink_to,
    "hard": Path.hardlink_to,
    "dangling": lambda part, other: part.symlink_to(other.with_name("gone")),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_nothing_is_written_through_a_link(
    link: Callable[[Path, Path], None], mirror: Mirror, tmp_path: Path
) -> None:
    cache, other = tmp_path / "cache", tmp_path / "other"
    cache.mkdir()
    other.write_bytes(b"another's")
    link(cache / f"{_FILE}.part", other)
    with pytest.raises(MediaError, match=f"{_FILE}.part is no file of its own"):
        _get(cache, mirror.folder)
    assert (_names(cache), _names(tmp_path)) == ([f"{_FILE}.part"], ["cache", "other"])
    assert other.read_bytes() == b"another's"


@pytest.mark.parametrize("umask", [0, 0o077])
def test_modes_do_not_depend_on_the_umask(umask: int, mirror: Mirror, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        path = _get(tmp_path / "cache", mirror.folder)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert not path.parent.stat().st_mode & 0o022


def test_no_checksum_no_download(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="nobody says which sha256 it has"):
        _get(tmp_path, mirror.folder, medium=Medium(file=_FILE))


def test_full_disk_is_noticed_before(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 10, 0, 0, 10, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(HostError, match="has only 0 free"):
        _get(tmp_path, mirror.folder)
    assert _names(tmp_path) == []


def test_unwritable_cache(tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="Cannot write to"):
        _get(tmp_path / "file" / "cache", mirror.folder)


def test_two_at_once_download_once(mirror: Mirror, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: _get(tmp_path, mirror.folder), range(3)))
    assert found == [tmp_path / _FILE] * 3
    assert mirror.ranges == [""]
    assert _names(tmp_path) == [_FILE]
