"""Mail, to a real SMTP server on the loopback."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from msgspec.structs import replace
from small_media import call

from builder.errors import BuilderError, ConfigError, HostError
from builder.pipeline.job import Mail
from builder.pipeline.notify import mail
from builder.pipeline.notify.message import Message, trial
from tests.monitors import Heard

HOST = "127.0.0.1"


class Mailbox:
    """What a server does with mail: it keeps it, but for those whom it refuses."""

    def __init__(self) -> None:
        self.kept: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.refused: set[str] = set()
        self.users: list[tuple[bytes, bytes]] = []
        self.answer = "250 OK"
        self.end = "221 Bye"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        return self.end

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 There is no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            found = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(found, EmailMessage)
            self.kept.append(found)
            self.to.append(envelope.rcpt_tos)
        return self.answer

    def authenticate(self, *args: object) -> AuthResult:
        data = args[-1]
        assert isinstance(data, LoginPassword)
        self.users.append((data.login, data.password))
        return AuthResult(success=data.password == b"s3cret", handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@contextmanager
def serving(
    mailbox: Mailbox,
    *,
    tls: ssl.SSLContext | None = None,
    **options: Any,  # noqa: ANN401  # SMTP's own
) -> Iterator[int]:
    """Run the server for the block, with TLS from the beginning or as it is asked for it.

    Its own controller wants to know its port before it has one.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    make = partial(SMTP, mailbox, loop=loop, **options)
    opened = asyncio.run_coroutine_threadsafe(loop.create_server(make, HOST, 0, ssl=tls), loop)
    server = opened.result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def secured(folder: Path, name: str = f"IP:{HOST}") -> tuple[ssl.SSLContext, Path]:
    """Return what a server speaks TLS with, and the certificate by which it is known."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail")
    name_ = ("-addext", f"subjectAltName={name}")
    call("openssl", "req", "-x509", *words, *name_, "-keyout", key, "-out", certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def settings(port: int, **changes: object) -> Mail:
    to, sender = ("admin@example.com",), "builder <builder@example.com>"
    return replace(Mail(to=to, sender=sender, server=HOST, port=port), **changes)


def tell(where: Mail, message: Message | None = None, *, seconds: float = 60) -> Heard:
    heard = Heard()
    mail.tell(where, message or trial("nightly", ""), monitor=heard, seconds=seconds)
    return heard


def warnings(heard: Heard) -> list[str]:
    return [text for kind, text, _ in heard.told if kind == "warning"]


def test_a_plain_mail_arrives_as_it_was_meant(mailbox: Mailbox) -> None:
    message = Message(
        pipeline="nächte",
        host="kvm1",
        run_id="x",
        subject="builder: 1 of 8 images failed in nächte on kvm1",
        text=".a dot, an arrow → and\nthe end.\n" + "x" * 2000 + "\n",
    )
    with serving(mailbox) as port:
        heard = tell(settings(port, to=('"Ä, B" <a@example.com>', "root")), message)
    (found,) = mailbox.kept
    assert found["Subject"] == message.subject
    assert found.get_content().replace("\r\n", "\n") == message.text
    assert (found["From"], found["To"]) == (
        "builder <builder@example.com>",
        '"Ä, B" <a@example.com>, root',
    )
    assert mailbox.to == [["a@example.com", "root"]]
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Message-ID"].endswith("@example.com>")
    assert found["Date"].datetime.tzinfo is not None
    assert found.get_content_type() == "text/plain"
    assert not heard.told


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_and_a_login(
    mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    context, certificate = secured(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    password.chmod(0o600)
    options: dict[str, Any] = {"authenticator": mailbox.authenticate}
    if security == "tls":
        options |= {"tls": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    with serving(mailbox, **options) as port:
        where = settings(port, security=security, user="me", password_file=password)
        assert warnings(tell(where)) == []
        assert (len(mailbox.kept), mailbox.users) == (1, [(b"me", b"s3cret")])
        password.write_text("wrong\n")
        password.chmod(0o644)
        heard = Heard()
        with pytest.raises(HostError, match="refuses: 535") as caught:
            mail.tell(where, trial("nightly", ""), monitor=heard)
        assert "wrong" not in caught.value.message
        assert warnings(heard) == [f"{password} can be read by everybody: `chmod 600` it."]
    assert len(mailbox.kept) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    "case",
    [(f"IP:{HOST}", False, "self.signed"), ("DNS:other.example", True, "IP address mismatch")],
)
def test_a_certificate_must_be_right(
    mailbox: Mailbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
    case: tuple[str, bool, str],
) -> None:
    name, known, says = case
    context, certificate = secured(tmp_path, name)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    options: dict[str, Any] = {"tls": context} if security == "tls" else {"tls_context": context}
    with serving(mailbox, **options) as port, pytest.raises(HostError, match=says):
        tell(settings(port, security=security))
    assert mailbox.kept == []


def test_what_a_server_cannot_do_is_told(mailbox: Mailbox) -> None:
    with serving(mailbox) as port:
        with pytest.raises(HostError, match="STARTTLS extension not supported by server"):
            tell(settings(port, security="starttls"))
        with pytest.raises(HostError, match="cannot be used") as caught:
            tell(settings(port, security="tls"))
        assert caught.value.hint == f"It was asked at port {port}, security tls."
    with pytest.raises(HostError, match="Connection refused"):
        tell(settings(port))
    with pytest.raises(HostError, match="cannot be used"):
        tell(settings(port, server="a..b"))


def test_who_is_refused_is_told_and_the_others_get_it(mailbox: Mailbox) -> None:
    mailbox.refused = {"gone@example.com"}
    with serving(mailbox) as port:
        heard = tell(settings(port, to=("gone@example.com", "here@example.com")))
        assert warnings(heard) == [
            f"{HOST} takes no mail for gone@example.com: 550 5.1.1 There is no such user"
        ]
        assert mailbox.to == [["here@example.com"]]
        with pytest.raises(HostError, match="takes no mail for gone"):
            tell(settings(port, to=("gone@example.com",)))
        mailbox.answer = "451 \x1b[2JLater"
        with pytest.raises(HostError) as caught:
            tell(settings(port))
    assert caught.value.message == f"The mail server {HOST} refuses: 451 [2JLater"


def test_a_mail_has_arrived_whatever_the_server_says_at_the_end(mailbox: Mailbox) -> None:
    mailbox.end = "421 Too busy"
    with serving(mailbox) as port:
        assert tell(settings(port)).told == []
    assert len(mailbox.kept) == 1


def test_a_server_that_says_nothing_is_left_behind() -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(HostError, match=r"longer than|timed out"):
            tell(settings(port), seconds=0.2)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\nBcc: all@example.com",
        "A\rB <a@example.com>",
        "a@example.com, b@example.com",
        "a b@example.com",
        "<>",
        "",
        "a@b@c",
        'x" <a@example.com>, <b@example.com',
    ],
)
def test_odd_addresses_are_refused(address: str) -> None:
    for where in (settings(1, to=(address,)), settings(1, sender=address)):
        with pytest.raises(ConfigError, match="Mail cannot go to or come from"):
            mail.compose(where, trial("nightly", ""))


def test_names_inject_no_headers() -> None:
    odd = trial("n\r\nBcc: all@example.com\r\n\r\nx", "")
    found = mail.compose(settings(1), odd)
    assert found["Bcc"] is None
    assert len(bytes(found).split(b"\r\n\r\n", 1)[0].splitlines()) == len(found.keys())


@pytest.mark.parametrize("content", ["", "\n", "two\nlines\n", None])
def test_a_password_file_must_have_one(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BuilderError, match="password") as caught:
        tell(settings(1, user="me", password_file=path))
    assert caught.value.exit_code == 3
