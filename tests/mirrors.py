"""A web server on the loopback for downloads: it serves what it is given, and fails by script."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(ThreadingHTTPServer):
    """Serves `files` by their paths; `faults` names what goes wrong at the next requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.cut = 0
        """After how many bytes of an answer the fault "cut" hangs up."""
        self.kind = ""
        """The answers' Content-Type."""
        self.moved = ""
        """Where everything is, if not here."""
        self.halfway: Callable[[], object] = lambda: None
        """Is called when half of a body is sent."""
        self.starts: list[int] = []
        """The first bytes that were asked for."""

    def handle_error(self, *_arguments: object) -> None:
        """Keep quiet about clients that hang up: they are tests too."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Mirror)
        fault = server.faults.pop(0) if server.faults else ""
        server.asked.append(self.path)
        body = server.files.get(self.path)
        if server.moved:
            self.send_response(302)
            self.send_header("Location", f"{server.moved}{self.path}")
            self.end_headers()
            return
        if fault.isdecimal() or body is None:
            self.send_error(int(fault or 404))
            return
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        server.starts.append(start)
        self._send(body, start, fault)

    def _send(self, body: bytes, start: int, fault: str) -> None:
        server = self.server
        assert isinstance(server, Mirror)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        if server.kind:
            self.send_header("Content-Type", server.kind)
        self.end_headers()
        end = start + server.cut if fault == "cut" else len(body)
        middle = (start + end) // 2
        self.wfile.write(body[start:middle])
        self.wfile.flush()
        server.halfway()
        self.wfile.write(body[middle:end])

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def serving(server: Mirror) -> Iterator[Mirror]:
    """Run a server for the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
