"""Something sent to a web server, whose answer counts, and not what it says."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import requests

from builder.media.network import Interruption, Watch, asked
from builder.media.pace import Patience
from builder.model.text import whole_number

_LATE = "no answer in time"


class Sent(NamedTuple):
    """What goes to a server."""

    method: Literal["POST", "PUT"]
    data: bytes


class Answer(NamedTuple):
    """What a server made of it."""

    status: int
    later: float
    """Seconds after which it wants to be asked again; 0 where it does not say."""


def post(url: str, sent: Sent, *, headers: Mapping[str, str], patience: Patience) -> Answer:
    """Send it, once, and follow no redirect: what is sent is for nobody else.

    Raises Refusal and Interruption, also for an answer that does not come to an end in time.
    """
    # Without an `auth` of its own, requests would put what ~/.netrc has in the place of a token.
    options = {**sent._asdict(), "auth": _as_it_is, "allow_redirects": False}
    with requests.Session() as session, Watch(patience.connect + patience.silence) as watch:
        response = asked(session, url, headers, watch=watch, patience=patience, options=options)
        response.close()
    if watch.expired:
        raise Interruption(_LATE)
    later = whole_number(response.headers.get("Retry-After", "").strip())
    return Answer(response.status_code, float(later or 0))


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
