"""Downloads from servers that send too much, too little, too slowly, or something else."""

import gzip
import hashlib
import itertools
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from builder.errors import MediaError
from builder.media.fetch import fetch
from builder.media.pace import Patience
from builder.model.media import Download
from builder.model.release import Medium
from tests.monitors import Heard

_CONTENT = bytes(range(256)) * (4 << 10)  # 1 MiB
_SIZE = len(_CONTENT)
_FILE = "Medium-7.iso"

Answer = Callable[[int], Iterable[bytes]]
"""Takes the first byte that is asked for; yields what is sent, piece by piece."""


class Server(socketserver.ThreadingTCPServer):
    """Gives its answers in order, the last one again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = []
        self.asked: list[int] = []

    @property
    def folder(self) -> str:
        return f"http://me:secret@127.0.0.1:{self.server_address[1]}/isos"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Server)
        lines = list(iter(self.rfile.readline, b"\r\n"))
        ranges = [int(line[13:-3]) for line in lines if line.startswith(b"Range: bytes=")]
        first = ranges[0] if ranges else 0
        self.server.asked.append(first)
        answers = self.server.answers
        try:
            for piece in (answers.pop(0) if answers[1:] else answers[0])(first):
                self.wfile.write(piece)
        except OSError:
            pass  # the client has seen enough


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a running server."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def _head(first: int, *lines: str, length: int | str = "") -> bytes:
    ranges = [f"Content-Range: bytes {first}-{_SIZE - 1}/{_SIZE}"] if first else []
    status = "HTTP/1.1 206 Partial" if first else "HTTP/1.1 200 OK"
    length = f"Content-Length: {length or _SIZE - first}"
    return "\r\n".join([status, length, *ranges, *lines, "", ""]).encode()


def _good(first: int) -> Iterator[bytes]:
    yield _head(first)
    yield _CONTENT[first:]


def _cut(after: int) -> Answer:
    return lambda first: [_head(first), _CONTENT[first : first + after]]


def _cut_without_ranges(_first: int) -> Iterator[bytes]:
    yield _head(0)
    yield _CONTENT[:100_000]


def _packed(_first: int) -> Iterator[bytes]:
    body = gzip.compress(_CONTENT * 50)
    yield _head(0, "Content-Encoding: gzip", length=len(body))
    yield body


def _chunked(_first: int) -> Iterator[bytes]:
    yield _head(0, "Transfer-Encoding: chunked")
    for _ in range(50):  # the file, again and again
        yield b"100000\r\n" + _CONTENT + b"\r\n"


def _dripping(first: int) -> Iterator[bytes]:
    yield _head(first)
    for at in range(first, _SIZE):
        yield _CONTENT[at : at + 1]
        threading.Event().wait(0.003)


def _silent(first: int) -> Iterator[bytes]:
    yield _head(first)
    yield _CONTENT[first : first + 500_000]
    threading.Event().wait(10)


def _tagged(tag: str, after: int = _SIZE) -> Answer:
    tags = (f'ETag: "{tag}"', f"Last-Modified: {tag}")
    return lambda first: [_head(first, *tags), _CONTENT[first : first + after]]


def _redirect(to: str, body: bytes = b"") -> Answer:
    lines = ("HTTP/1.1 302 Found", f"Location: {to}", f"Content-Length: {len(body)}")
    return lambda _first: ["\r\n".join([*lines, "Connection: close", "", ""]).encode(), body]


def _raw(content: bytes) -> Answer:
    return lambda _first: [content]


def _get(
    server: Server,
    cache: Path,
    *,
    patience: Patience | None = None,
    mirrors: int = 1,
    size: int | None = _SIZE,
) -> tuple[Path, str]:
    """Download; return the file and all that was told meanwhile."""
    medium = Medium(file=_FILE, sha256=hashlib.sha256(_CONTENT).hexdigest(), size=size)
    source, monitor = Download(urls=(server.folder,) * mirrors, medium=medium), Heard()
    path = fetch(source, cache=cache, monitor=monitor, patience=patience or Patience())
    assert path.read_bytes() == _CONTENT
    return path, "\n".join(text for _, text, _ in monitor.told)


@pytest.mark.parametrize(
    ("answer", "reason", "left"),
    [
        pytest.param(_packed, "the server sends it compressed", None, id="gzip"),
        pytest.param(_chunked, "the server sends it in chunks", None, id="chunks"),
        pytest.param(_cut(100), "the connection broke after 0.0 of 1.0 MiB", 400, id="crumbs"),
        pytest.param(
            _cut_without_ranges, "the connection broke after 0.1 of", 100_000, id="never gets on"
        ),
        pytest.param(
            _raw(b"HTTP/1.1 404 \x1b[2Jowned" + b"!" * 60_000 + b"\r\n\r\n"),
            "404 Not Found[.]$",
            None,
            id="a phrase of its own",
        ),
        pytest.param(
            _raw(b"\x1b[2Jowned\r\n\r\n"), "the answer makes no sense", None, id="no HTTP"
        ),
        pytest.param(_raw(b""), "closed the connection without an answer", None, id="hangs up"),
        pytest.param(
            lambda _first: [_head(0, length="9" * 5000)],
            "does not say how many bytes",
            None,
            id="endless number",
        ),
        pytest.param(_redirect("/isos/again"), "it redirects too often", None, id="in circles"),
        pytest.param(
            _redirect("http://me:secret@[::1"), "an address that cannot be used", None, id="no host"
        ),
        pytest.param(
            _redirect("file:///etc/passwd"), "an address that cannot be used", None, id="a file"
        ),
        pytest.param(
            _redirect("http://me:secret@127.0.0.1:9/?secret"), "Connection refused", None, id="shut"
        ),
    ],
)
def test_refused(
    answer: Answer, reason: str, left: int | None, server: Server, tmp_path: Path
) -> None:
    server.answers = [answer]
    with pytest.raises(MediaError, match=reason) as caught:
        _get(server, tmp_path)
    assert not re.search("secret|\x1b|!!", caught.value.message)
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {left} - {None}


@pytest.mark.parametrize(
    ("answers", "asked", "told"),
    [
        pytest.param([_cut(200_000)], [*range(0, _SIZE, 200_000)], "broke after 0.2", id="cut"),
        pytest.param([_cut(900_001), _good], [0, 900_001], "broke after 0.9 of 1.0 MiB", id="tail"),
        pytest.param(
            [_tagged("a", 9_000), _tagged("a")], [0, 9_000], "broke", id="the same file as before"
        ),
        pytest.param(
            [_tagged("a", 9_000), _tagged("b")], [0, 9_000, 0], "is another one", id="replaced"
        ),
        pytest.param([_redirect("/else", b"x" * 10**6), _good], [0, 0], "", id="redirect"),
    ],
)
def test_goes_on(
    answers: list[Answer], asked: list[int], told: str, server: Server, tmp_path: Path
) -> None:
    server.answers = answers
    _, notes = _get(server, tmp_path)
    assert server.asked == asked
    assert told in notes
    assert "secret" not in notes


def _slow_headers(_first: int) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    while True:
        yield b"x"
        threading.Event().wait(0.02)


def _endless_continue(_first: int) -> Iterator[bytes]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        threading.Event().wait(0.02)


@pytest.mark.parametrize(
    "answers",
    [[_slow_headers], [_endless_continue], [_redirect("/slow"), _slow_headers]],
    ids=["drops", "continue", "redirect"],
)
def test_headers_that_do_not_end(answers: list[Answer], server: Server, tmp_path: Path) -> None:
    server.answers = [*answers, _good]
    _, notes = _get(server, tmp_path, patience=Patience(connect=0.2, silence=0.3))
    assert "no answer in time; trying again" in notes
    assert server.asked == [0] * (len(answers) + 1)


def test_silence(server: Server, tmp_path: Path) -> None:
    server.answers = [_silent, _good]
    _, notes = _get(server, tmp_path, patience=Patience(silence=3.0))
    assert "the server stopped sending after 0.5 of 1.0 MiB; trying again" in notes
    assert server.asked[:2] == [0, 500_000]


@pytest.mark.parametrize("size", [_SIZE, None])
@pytest.mark.parametrize(
    "left",
    [
        pytest.param(b"wrong" + _CONTENT[5:300_000], id="wrong bytes"),
        pytest.param(bytes(_SIZE), id="wrong and complete"),
        pytest.param(bytes(_SIZE + 9), id="wrong and longer"),
        pytest.param(_CONTENT + b"more", id="longer"),
    ],
)
def test_what_an_earlier_try_left_costs_no_build(
    left: bytes, size: int | None, server: Server, tmp_path: Path
) -> None:
    def answer(first: int) -> Iterable[bytes]:
        beyond = f"HTTP/1.1 416 No\r\nContent-Range: bytes */{_SIZE}\r\n\r\n".encode()
        return [beyond] if first >= _SIZE else _good(first)

    (tmp_path / f"{_FILE}.part").write_bytes(left)
    server.answers = [answer]
    _get(server, tmp_path, size=size)
    assert [path.name for path in tmp_path.iterdir()] == [_FILE]


def test_wrong_once_more_is_the_mirrors_fault(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{_FILE}.part").write_bytes(b"wrong")
    wrong: Answer = lambda first: [_head(first), bytes(_SIZE - first)]  # noqa: E731
    server.answers = [wrong, wrong, _good]
    _get(server, tmp_path, mirrors=2)
    assert server.asked == [5, 0, 0]


def test_a_byte_a_second(server: Server, tmp_path: Path) -> None:
    server.answers = [_dripping]
    seconds = itertools.count()  # each look at the clock takes one
    with pytest.raises(MediaError, match="the server sends less than 1 KiB a second"):
        _get(server, tmp_path, patience=Patience(clock=lambda: float(next(seconds))))
    left = (tmp_path / f"{_FILE}.part").read_bytes()
    assert left == _CONTENT[: len(left)]
    assert len(server.asked) == 4
    assert server.asked[1:] == sorted(set(server.asked[1:]) - {0})


def test_mirror_without_the_range_spoils_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{_FILE}.part").write_bytes(_CONTENT[:700_000])
    server.answers = [_raw(b"HTTP/1.1 416 No\r\n\r\n"), _raw(b"HTTP/1.1 404 No\r\n\r\n"), _good]
    _get(server, tmp_path, mirrors=2)
    assert server.asked == [700_000, 0, 700_000]
