"""A web server on the loopback for downloads: it serves what it is given, and fails by script."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import small_media


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
        self.pause = threading.Event()
        """Is waited for in vain between the bytes of the fault "drip"."""
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
        if fault == "drip":
            for at in range(start, end):
                self.wfile.write(body[at : at + 1])
                server.pause.wait(0.01)
        middle = (start + end) // 2
        self.wfile.write(body[start:middle])
        self.wfile.flush()
        server.halfway()
        self.wfile.write(body[middle:end])

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


def secured(server: ThreadingHTTPServer, folder: Path, *names: str) -> Path:
    """Let a server speak TLS; return the certificate by which it is known under the names."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    name = ("-addext", f"subjectAltName={','.join(names)}")
    small_media.call("openssl", "req", "-x509", *words, *name, "-keyout", key, "-out", certificate)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(certificate, key)
    server.socket = settings.wrap_socket(server.socket, server_side=True)
    return certificate


class Proxy(ThreadingHTTPServer):
    """Opens every tunnel that it is asked for to one server, whatever its name."""

    daemon_threads = True

    def __init__(self, to: Mirror) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.port = to.server_port
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Tunnel(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        server = self.server
        assert isinstance(server, Proxy)
        server.asked.append(self.path)
        with socket.create_connection(("127.0.0.1", server.port)) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pour, args=(there, self.connection))
            back.start()
            _pour(self.connection, there)
            back.join()

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


def _pour(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of them has seen enough


Server = TypeVar("Server", bound=ThreadingHTTPServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run a server for the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
