"""Webhooks, told to a real web server that fails by script."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builder.errors import HostError
from builder.media.pace import Patience
from builder.pipeline.job import Webhook
from builder.pipeline.notify import webhook
from builder.pipeline.notify.message import trial
from tests.mirrors import secured, serving
from tests.monitors import Heard

MESSAGE = trial("nightly", "")


class Hook(ThreadingHTTPServer):
    """Answers with `answers`, one after the other, then with 200; it keeps what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[str] = []
        self.headers: dict[str, str] = {}
        """Of each answer."""
        self.asked: list[tuple[str, str, Any]] = []
        self.last: dict[str, str] = {}
        self.pause = threading.Event()
        """Is waited for in vain."""

    def handle_error(self, *_arguments: object) -> None:
        """Keep quiet about clients that hang up: they are tests too."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/s3cret"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Hook)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.asked.append((self.command, self.path, json.loads(body)))
        server.last = dict(self.headers)
        answer = server.answers.pop(0) if server.answers else "200"
        if answer == "cut":
            self.close_connection = True
            return
        if answer == "drip":
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2000:
                self.wfile.write(bytes([byte]))
                server.pause.wait(0.05)
        self.send_response(int(answer))
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    do_PUT = do_POST
    do_GET = do_POST

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with serving(Hook()) as server:
        yield server


def tell(where: Webhook) -> list[float]:
    """Tell it; return how long it would have waited between attempts."""
    waits = list[float]()
    webhook.tell(where, MESSAGE, monitor=Heard(), wait=waits.append)
    return waits


@pytest.mark.parametrize("answers", [["503", "500"], ["429", "502"], ["cut", "cut"], ["408"]])
def test_a_server_that_fails_is_asked_again(hook: Hook, answers: list[str]) -> None:
    hook.answers = list(answers)
    assert tell(Webhook(url=hook.url)) == [2.0, 10.0][: len(answers)]
    assert [each[:2] for each in hook.asked] == [("POST", "/services/s3cret")] * (len(answers) + 1)
    assert hook.asked[-1][2]["text"] == MESSAGE.text


def test_a_server_says_when_it_wants_to_be_asked_again(hook: Hook) -> None:
    hook.answers, hook.headers = ["429", "429", "429"], {"Retry-After": "25"}
    assert tell(Webhook(url=hook.url)) == [25.0, 25.0, 30.0]
    hook.answers, hook.headers = ["429", "429"], {"Retry-After": "999999"}
    assert tell(Webhook(url=hook.url)) == [120.0, 120.0]
    hook.answers, hook.headers = ["429"], {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
    assert tell(Webhook(url=hook.url)) == [2.0]


def test_at_last_it_is_given_up(hook: Hook) -> None:
    hook.answers = ["503"] * 9
    with pytest.raises(HostError) as caught:
        tell(Webhook(url=hook.url))
    place = f"http://127.0.0.1:{hook.server_port}/…"
    assert caught.value.message == f"{place} was asked 4 times: 503 Service Unavailable."
    assert len(hook.asked) == 4


@pytest.mark.parametrize("answer", ["400", "401", "403", "404", "410", "301", "302", "307", "308"])
def test_a_refusal_is_final(hook: Hook, answer: str) -> None:
    hook.answers, hook.headers = [answer], {"Location": "/elsewhere"}
    with pytest.raises(HostError, match=rf"refuses it: {answer} ") as caught:
        tell(Webhook(url=hook.url))
    assert len(hook.asked) == 1
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_a_token_goes_into_the_header_whatever_netrc_says(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc, token = tmp_path / "netrc", tmp_path / "token"
    netrc.write_text("machine 127.0.0.1 login me password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    token.write_text("t0ken\n")
    token.chmod(0o600)
    tell(Webhook(url=hook.url, format="matrix", token_file=token))
    assert hook.last["Authorization"] == "Bearer t0ken"
    assert hook.last["Content-Type"] == "application/json"
    method, path, body = hook.asked[0]
    assert (method, path.startswith("/services/s3cret/")) == ("PUT", True)
    assert body["msgtype"] == "m.text"


def test_one_that_cannot_be_reached_is_told_without_its_secrets(hook: Hook) -> None:
    url = hook.url
    hook.server_close()
    with pytest.raises(HostError) as caught:
        tell(Webhook(url=url))
    assert caught.value.message.endswith("/… was asked 4 times: Connection refused.")


def test_a_certificate_must_be_right(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = secured(hook, tmp_path, "IP:127.0.0.1")
    where = Webhook(url=hook.url.replace("http:", "https:"))
    with pytest.raises(HostError, match=r"self.signed certificate") as caught:
        tell(where)
    assert caught.value.hint.startswith("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert tell(where) == []
    assert len(hook.asked) == 1


def test_an_answer_that_never_ends_is_left(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_PATIENCE", Patience(connect=0.5, silence=0.5))
    hook.answers = ["drip"] * 4
    with pytest.raises(HostError, match="no answer in time"):
        tell(Webhook(url=hook.url))
