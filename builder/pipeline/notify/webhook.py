"""Addresses that are told by one HTTP request, each in the format of what listens there."""

import hashlib
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec

from builder.errors import ConfigError, HostError
from builder.media import network
from builder.media.network import Interruption, Refusal
from builder.media.pace import Patience
from builder.media.post import Sent, post
from builder.model.text import duration
from builder.monitor import Monitor
from builder.pipeline.job import Webhook
from builder.pipeline.notify.message import Message
from builder.pipeline.notify.secrets import secret

_PATIENCE = Patience(connect=10, silence=30)
_WAITS = (2.0, 10.0, 30.0)
"""Seconds before each further attempt: a server is restarted in that time."""
_LONGEST_WAIT = 120.0
"""As far as a server may ask for more."""
_MOST = 12_000
"""Characters of a text: Slack cuts at 40,000, Teams refuses 28 KB, Matrix 64 KiB."""
_CERTIFICATE = "REQUESTS_CA_BUNDLE may name a file with the certificate of its authority."
_HEADERS = {"Content-Type": "application/json", "User-Agent": "builder"}
_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_CLOSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def tell(
    webhook: Webhook,
    message: Message,
    *,
    monitor: Monitor,
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Send the message, again after a while to a server that is down or busy.

    An answer that got lost makes it arrive twice, but for Matrix. No error names more of the
    address than its server: the rest may be a secret. Raises HostError, and ConfigError for an
    address or a token that cannot be used.
    """
    place = server(webhook.url)
    token = secret(webhook.token_file, monitor=monitor) if webhook.token_file else ""
    url, sent = request(webhook, message)
    headers = {**_HEADERS, **({"Authorization": f"Bearer {token}"} if token else {})}
    for seconds in (*_WAITS, None):
        tried = _attempt(url, sent, headers, place=place)
        if tried is None:
            return
        if seconds is None:
            hint = _CERTIFICATE if "certificate" in tried.why else ""
            raise HostError(f"{place} was asked {len(_WAITS) + 1} times: {tried.why}.", hint=hint)
        pause = max(seconds, min(tried.later, _LONGEST_WAIT))
        monitor.tell("note", f"{place}: {tried.why}; it is asked again in {duration(pause)}")
        wait(pause)


class _Failed(NamedTuple):
    """An attempt that is worth another."""

    why: str
    later: float


def _attempt(url: str, sent: Sent, headers: Mapping[str, str], *, place: str) -> _Failed | None:
    """Return what was in the way; None when it has arrived. Raises HostError for a refusal."""
    try:
        answer = post(url, sent, headers=headers, patience=_PATIENCE)
    except Interruption as error:
        return _Failed(str(error), 0)
    except Refusal as error:
        raise HostError(f"{place} cannot be told: {error}.") from error
    code = answer.status
    if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _AGAIN:
        return _Failed(network.status(code), answer.later)
    raise HostError(f"{place} refuses it: {network.status(code)}.", hint=_hint(code))


def _hint(code: int) -> str:
    if code in _CLOSED:
        return "Check the file of its token."
    if code in _GONE:
        return "Whoever runs it may have taken that address back: make a new one there."
    if code < HTTPStatus.BAD_REQUEST:
        return "Give the address that it leads to; a message is sent nowhere else."
    return "Check the address, and the format that belongs to it."


def server(url: str) -> str:
    """Return what may be said of an address. Raises ConfigError for one that is none."""
    parts = _parts(url)
    if parts is None:
        raise ConfigError(
            "A webhook's address is none that can be used.", hint="It begins with https://."
        )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def shown(url: str) -> str:
    """Return the same, and something for an address that is none."""
    return server(url) if _parts(url) else "an address that is none"


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and parts.scheme in ("http", "https") and parts.hostname
    except ValueError:  # a port that is none
        return None
    return parts if usable and url.isprintable() and " " not in url else None


def request(webhook: Webhook, message: Message) -> tuple[str, Sent]:
    """Return where to send what."""
    body = msgspec.json.encode(_FORMATS[webhook.format](message))
    if webhook.format != "matrix":
        return webhook.url, Sent("POST", body)
    # Its own word for the message: one that comes twice under it is one to the server.
    word = hashlib.sha256(msgspec.json.encode(message)).hexdigest()[:32]
    return f"{webhook.url.rstrip('/')}/{word}", Sent("PUT", body)


def _json(message: Message) -> Message:
    """The whole message. Its `text` is what Matrix's hookshot and Mattermost show of any JSON."""
    return message


def _slack(message: Message) -> dict[str, Any]:
    """An incoming webhook's message: three characters begin links and mentions, unless escaped."""
    text = f"*{_escaped(message.subject)}*\n{_escaped(_bounded(message.text))}"
    return {"text": text}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(message: Message) -> dict[str, Any]:
    """A card, as Teams' Workflows take it. Text of a TextRun is no Markdown: names stay as is."""
    lines = _bounded(message.text).splitlines()
    blocks = [_block(message.subject, weight="Bolder"), *(_block(line or " ") for line in lines)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "msteams": {"width": "Full"},
    }
    content = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [content]}


def _block(text: str, **style: str) -> dict[str, Any]:
    run = {"type": "TextRun", "text": text, **style}
    return {"type": "RichTextBlock", "inlines": [run], "spacing": "None"}


def _matrix(message: Message) -> dict[str, Any]:
    """An event of m.room.message. Of a notice phones would not ring."""
    return {"msgtype": "m.text", "body": f"{message.subject}\n\n{_bounded(message.text)}"}


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…\n"


_FORMATS: dict[str, Callable[[Message], object]] = {
    "json": _json,
    "slack": _slack,
    "teams": _teams,
    "matrix": _matrix,
}
