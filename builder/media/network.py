"""Web servers and what stands between: asked for files, their failures told in our own words.

Words of a server, of a proxy or of requests go into no message: they may hold credentials,
addresses with tokens, and whatever moves a terminal's cursor.
"""

import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import RemoteDisconnected
from typing import Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter

from builder.media.pace import Patience

_GET = {"method": "GET"}
_LATE = "no answer in time"
_AGAIN = 0.5
"""Seconds until connections are looked for again that were made when it was too late."""
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")


class Refusal(Exception):
    """This URL will not serve the medium, however often it is asked."""


class Interruption(Exception):
    """The transfer broke off; what has come is kept and another attempt goes on from there."""


def passes(error: BaseException) -> bool:
    """Tell whether a failure may be gone in a while: it is an interruption, or one led to it."""
    return any(isinstance(each, Interruption) for each in _causes(error))


def get(url: str, *, first: int, patience: Patience) -> requests.Response:
    """Ask for a file from byte `first` on; its bytes are still to be read, as they were stored.

    Raises Refusal and Interruption, the latter also for headers that do not come to an end.
    """
    headers = {"Range": f"bytes={first}-"} if first else {}
    with requests.Session() as session, Watch(patience.connect + patience.silence) as watch:
        response = asked(session, url, headers, watch=watch, patience=patience)
    if watch.expired:  # headers that break off pass for complete ones
        response.close()
        raise Interruption(_LATE)
    return response


def small(url: str, *, limit: int, patience: Patience) -> bytes:
    """Return the whole of a file that must be small, and come within the time of one silence.

    Raises Refusal, Interruption, and the former as well when https leads to plain http: whoever is
    on the way could say what he likes.
    """
    with requests.Session() as session, Watch(patience.connect + patience.silence) as watch:
        with asked(session, url, {}, watch=watch, patience=patience) as response:
            refuse_status(response, url)
            content = _whole(response, limit)
        if watch.expired:
            raise Interruption(_LATE)
    return content


def refuse_status(response: requests.Response, url: str) -> None:
    """Raise Refusal or Interruption for an answer that is not the whole file as it is stored."""
    code = response.status_code
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Interruption(status(code))
    if code != HTTPStatus.OK:
        raise Refusal(status(code))
    if url.startswith("https://") and not response.url.startswith("https://"):
        raise Refusal("it redirects from https to http")
    if response.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
        raise Refusal("the server sends it compressed, although it was asked not to")


def _whole(response: requests.Response, limit: int) -> bytes:
    told = response.headers.get("Content-Length", "")
    try:
        content: bytes = response.raw.read(limit + 1)
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise Interruption("the connection broke") from error
    if len(content) > limit:
        raise Refusal(f"it has more than {limit} bytes")
    if told.isdecimal() and len(content) < int(told):
        raise Interruption("the connection broke")
    return content


def asked(
    session: requests.Session,
    url: str,
    headers: Mapping[str, str],
    *,
    watch: "Watch",
    patience: Patience,
    options: Mapping[str, Any] = _GET,
) -> requests.Response:
    """Return the answer, its body still to be read. Raises Refusal and Interruption."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(watch))
    try:
        return session.request(
            **options,
            url=url,
            headers={"Accept-Encoding": "identity", **headers},
            stream=True,
            timeout=(patience.connect, patience.silence),
            hooks={"response": _without_body},
        )
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise Interruption(_LATE) if watch.expired else _judged(error, patience) from error


class Watch:
    """Shuts the connections down when the time for the headers is over.

    A socket's own limit holds for one piece: a server that sends a byte now and then, or "100
    Continue" again and again, never meets it.
    """

    def __init__(self, seconds: float) -> None:
        self.connections: list[Any] = []
        self._twins: list[socket.socket] = []
        self.expired = False
        self._seconds, self._done = seconds, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()
        for twin in self._twins:
            twin.close()

    def made(self, connection: Any) -> None:  # noqa: ANN401  # urllib3's
        """Keep a twin of its socket: it has none any more when the answer's end is its own."""
        self._twins.append(socket.socket(fileno=os.dup(connection.sock.fileno())))

    def _run(self) -> None:
        seconds = self._seconds
        while not self._done.wait(seconds):
            self.expired, seconds = True, _AGAIN
            for each in tuple(self.connections):
                _shut(each)
            for twin in tuple(self._twins):
                with suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)


def _shut(connection: Any) -> None:  # noqa: ANN401  # urllib3's, which may have no socket yet
    # A twin: the connection's own may be TLS, which is not to be touched by two threads.
    with (
        suppress(OSError, AttributeError),
        socket.socket(fileno=os.dup(connection.sock.fileno())) as twin,
    ):
        twin.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Lets a watch know of every connection, also of those to a proxy or to where a redirect is."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,  # requests' signature
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> Any:  # noqa: ANN401  # a pool of urllib3
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        make = pool.ConnectionCls

        def watched(**options: object) -> object:
            connection = make(**options)
            self._watch.connections.append(connection)
            connect = connection.connect

            def connecting() -> None:
                connect()
                self._watch.made(connection)

            connection.connect = connecting
            return connection

        pool.ConnectionCls = watched
        return pool


def status(code: int) -> str:
    """Return a status with the standard's phrase: the server's may be anything."""
    known = code in set(HTTPStatus)
    return f"{code} {HTTPStatus(code).phrase}" if known else f"status {code}"


def _without_body(response: requests.Response, **_options: object) -> None:
    """Close a redirect: requests would read and unpack its body, however large, into memory."""
    if response.is_redirect:
        response.close()


def _judged(error: Exception, patience: Patience) -> Refusal | Interruption:
    if isinstance(error, requests.TooManyRedirects):
        return Refusal("it redirects too often")
    if isinstance(error, ValueError):  # some are requests' own, some are those of its libraries
        return Refusal("it, a redirect or the proxy has an address that cannot be used")
    return Interruption(_reason(error, patience))


def _reason(error: Exception, patience: Patience) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(error, requests.Timeout):
        return _LATE  # of the server within `silence`, of its TLS within `connect`
    told = next(filter(None, map(_words, _causes(error))), "the answer makes no sense")
    return f"the proxy: {told}" if isinstance(error, requests.exceptions.ProxyError) else told


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: BaseException) -> str:
    """Return what one error says that can be told; "" for one that only wraps another."""
    if isinstance(error, RemoteDisconnected):
        return "the server closed the connection without an answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message.rstrip('.')}"
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    tunnel = _TUNNEL.match(str(error)) if isinstance(error, OSError) else None
    return f"it answers {status(int(tunnel[1]))}" if tunnel else ""
