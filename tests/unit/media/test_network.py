import ssl

import pytest
import requests

from builder.media import network
from builder.media.pace import Patience
from builder.model.media import shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://mirror.example/7/x.iso", "https://mirror.example/7/x.iso"),
        ("https://me:secret@mirror.example/7/x.iso", "https://mirror.example/7/x.iso"),
        ("https://me:s@cret@mirror.example/a@b", "https://mirror.example/a@b"),
        ("http://token@[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses_without_credentials(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize(
    ("code", "expected"), [(404, "404 Not Found"), (599, "status 599"), (0, "status 0")]
)
def test_status(code: int, expected: str) -> None:
    assert network.status(code) == expected


def _certificate() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: …] certificate verify failed (_ssl.c:1006)")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "cause", "expected"),
    [
        (requests.ConnectTimeout(), None, "no connection within 10 s"),
        (requests.ReadTimeout(), None, "no answer in time"),
        (requests.ConnectionError("url"), OSError(111, "Refused"), "Refused"),
        (requests.ConnectionError("url"), ValueError("\x1b[2J"), "the answer makes no sense"),
        (requests.exceptions.SSLError("url"), _certificate(), "its .* not valid: self-signed c.*"),
        (requests.exceptions.ProxyError("url"), OSError(111, "Refused"), "the proxy: Refused"),
        (
            requests.exceptions.ProxyError("http://me:secret@proxy"),
            OSError("Tunnel connection failed: 407 \x1b[2J"),
            "the proxy: it answers 407 Proxy Authentication Required",
        ),
    ],
)
def test_failures_in_our_words(
    error: Exception, cause: Exception | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error from cause

    monkeypatch.setattr(requests.Session, "request", fail)
    with pytest.raises(network.Interruption, match=f"^{expected}$"):
        network.get("https://me:secret@mirror.example", first=0, patience=Patience())
