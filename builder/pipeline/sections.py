"""The sections of a pipeline file that are not images: limits, retry, publish and notify."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from builder.errors import suggest
from builder.export.formats import FORMATS
from builder.model.release import Line, Positive
from builder.paths.reading import as_path
from builder.pipeline.job import Limits, Mail, Notify, Publish, Retry, Webhook
from builder.registry import ledger
from builder.releases.rows import Row
from builder.releases.shape import Wrong, absent, table

_T = TypeVar("_T", bound=msgspec.Struct)
SECTIONS: dict[str, Any] = {
    "limits": Limits,
    "retry": Retry,
    "publish": Publish,
    "notify": Notify,
}
_KEYS = {"title": Line, "parallel": Positive, **SECTIONS}
IMAGES = ("defaults", "build", "matrix")
"""Tables that say what is built."""
_HERE = ("localhost", "127.0.0.1", "::1")
_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_URL = re.compile(r"https?://[^\s/\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*")
_LOGIN = re.compile(r"https?://[^/?#]*@")


class Sections(msgspec.Struct, frozen=True, kw_only=True):
    """What a pipeline file says of its runs."""

    title: str
    limits: Limits = Limits()
    retry: Retry = Retry()
    publish: Publish = Publish()
    notify: Notify = Notify()


def examine(rows: Row, *, folder: Path, wrong: list[Wrong]) -> Sections | None:
    """Return the sections of a file; None where they have mistakes, which it adds to `wrong`."""
    known = {key: value for key, value in rows.items() if key not in IMAGES}
    for key in known:
        if key not in _KEYS:
            wrong.append(Wrong((key,), "There is no such key.", suggest(key, (*_KEYS, *IMAGES))))
    found: list[Wrong] = []
    right = table({key: known[key] for key in known if key in _KEYS}, _KEYS, (), found)
    found += _lacking(rows, right)
    wrong += found
    if found:
        return None
    if "parallel" in right:
        right = right | {"limits": {**right.get("limits", {}), "parallel": right["parallel"]}}
    sections = _convert({key: right[key] for key in right if key != "parallel"}, Sections, folder)
    against = list(_against(sections))
    wrong += against
    return None if against else _placed(sections, folder)


def _lacking(rows: Row, right: Row) -> Iterator[Wrong]:
    if "title" not in rows:
        yield Wrong(
            ("title",), "The key title is missing; it is a text of one line.", 'Write title = "…".'
        )
    if "parallel" in rows and "parallel" in right.get("limits", {}):
        yield Wrong(
            ("parallel",), "It is in [limits] as well.", "Leave one out: [limits] is for both."
        )
    notify = right.get("notify", {})
    for key, kind in (("mail", Mail), ("webhook", Webhook)):
        if isinstance(notify.get(key), dict):
            yield from absent(notify[key], kind, ("notify", key))


def _convert(row: Row, kind: type[_T], folder: Path) -> _T:
    return msgspec.convert(row, kind, dec_hook=partial(as_path, folder=folder))


def _against(sections: Sections) -> Iterator[Wrong]:
    """Yield what is wrong with sections whose shape is right."""
    yield from _of_publish(sections.publish)
    if sections.notify.mail:
        yield from _of_mail(sections.notify.mail)
    if sections.notify.webhook:
        yield from _of_webhook(sections.notify.webhook)


def _of_publish(publish: Publish) -> Iterator[Wrong]:
    channel = publish.channel
    odd = not re.match(ledger.CHANNEL, channel) or channel in (ledger.LATEST, ledger.CANDIDATE)
    if channel and odd:
        yield Wrong(
            ("publish", "channel"),
            f"A channel that is promoted to cannot be called {channel!r}.",
            "A small letter, then up to 30 small letters, digits and dashes, such as stable; "
            "latest and candidate move by themselves.",
        )
    known = [each.name for each in FORMATS]
    for name in publish.export:
        if name not in known:
            yield Wrong(
                ("publish", "export"), f"There is no format {name!r}.", suggest(name, known)
            )
    if publish.export and publish.export_to is None:
        text = "The key export_to is missing; it is the folder of exported images."
        yield Wrong(("publish", "export"), text, 'Write export_to = "/srv/images".')


def _of_mail(mail: Mail) -> Iterator[Wrong]:
    if not mail.to:
        yield Wrong(("notify", "mail", "to"), "It names nobody.", 'Write to = ["me@example.org"].')
    for key, addresses in (("to", mail.to), ("sender", (mail.sender,))):
        for each in addresses:
            if not _ADDRESS.fullmatch(each):
                text = f"{each!r} is no address of mail."
                yield Wrong(("notify", "mail", key), text, "It has one @, and no blanks.")
    if bool(mail.user) != (mail.password_file is not None):
        text = "user and password_file are for each other: one of them is missing."
        yield Wrong(("notify", "mail"), text, "Give both, or neither.")
    elif mail.user and mail.security == "none" and mail.server not in _HERE:
        text = "The password would go over the network as it is."
        yield Wrong(("notify", "mail", "security"), text, "Have starttls or tls.")


def _of_webhook(webhook: Webhook) -> Iterator[Wrong]:
    path = ("notify", "webhook", "url")
    if not _URL.fullmatch(webhook.url):
        yield Wrong(path, "It is no address of the web.", "It begins with https:// or http://.")
    if _LOGIN.match(webhook.url):
        yield Wrong(path, "A login in it would be in every log.", "Have token_file instead.")


def _placed(sections: Sections, folder: Path) -> Sections:
    """Return the sections with the program of `command`, if that is a path, seen from `folder`."""
    command = sections.notify.command
    if command and "/" in command[0]:
        command = (str(folder.absolute() / command[0]), *command[1:])
    return replace(sections, notify=replace(sections.notify, command=command))
