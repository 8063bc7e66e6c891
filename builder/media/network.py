"""Web servers and what stands between: asked for files, their failures told in our own words.

Words of a server, of a proxy or of requests go into no message: they may hold credentials,
addresses with tokens, and whatever moves a terminal's cursor.
"""

import re
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from http.client import RemoteDisconnected

import requests
import urllib3

from builder.media.pace import Patience

_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")


class Refusal(Exception):
    """This URL will not serve the medium, however often it is asked."""


class Interruption(Exception):
    """The transfer broke off; what has come is kept and another attempt goes on from there."""


def get(url: str, *, first: int, patience: Patience) -> requests.Response:
    """Ask for a file from byte `first` on; its bytes are still to be read, as they were stored."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={first}-"} if first else {})
    try:
        return requests.get(
            url,
            headers=headers,
            stream=True,
            timeout=(patience.connect, patience.silence),
            hooks={"response": _without_body},
        )
    except requests.TooManyRedirects as error:
        raise Refusal("it redirects too often") from error
    except ValueError as error:  # some are requests' own, some are those of its libraries
        raise Refusal("it, a redirect or the proxy has an address that cannot be used") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Interruption(_reason(error, patience)) from error


def status(code: int) -> str:
    """Return a status with the standard's phrase: the server's may be anything."""
    known = code in set(HTTPStatus)
    return f"{code} {HTTPStatus(code).phrase}" if known else f"status {code}"


def _without_body(response: requests.Response, **_options: object) -> None:
    """Close a redirect: requests would read and unpack its body, however large, into memory."""
    if response.is_redirect:
        response.close()


def _reason(error: Exception, patience: Patience) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(error, requests.Timeout):
        return "no answer in time"  # of the server within `silence`, of its TLS within `connect`
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
