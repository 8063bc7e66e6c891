"""Mail, by the server that somebody runs for that."""

import re
import smtplib
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from builder.errors import BuilderError, ConfigError, HostError
from builder.model.text import plain
from builder.monitor import Monitor
from builder.pipeline.job import Mail
from builder.pipeline.notify.message import Message
from builder.pipeline.notify.secrets import secret

SECONDS = 120.0
_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_BARE = r"[^@\s<>\",:;]+(?:@[^@\s<>\",:;]+)?"
_ADDRESS = re.compile(
    rf'(?:(?P<name>"[^"]*"|[^"<>@,]*) ?<(?P<address>{_BARE})>)|(?P<bare>{_BARE})', re.ASCII
)
_LONGEST = 200
"""Characters of what a server says."""


def tell(mail: Mail, message: Message, *, monitor: Monitor, seconds: float = SECONDS) -> None:
    """Send the message to all who are to get it; a warning names those whom the server refused.

    Raises ConfigError for addresses and files that cannot be used, and HostError when the server
    cannot be reached, or takes the message for nobody.
    """
    letter = compose(mail, message)
    password = secret(mail.password_file, monitor=monitor) if mail.password_file else ""
    refused = _within(seconds, lambda: _sent(mail, letter, password, seconds))
    for address, reason in refused.items():
        monitor.tell("warning", f"{mail.server} takes no mail for {address}: {_said(*reason)}")


def compose(mail: Mail, message: Message) -> EmailMessage:
    """Return the mail as it is sent. Raises ConfigError for an address that is none."""
    letter = EmailMessage(policy=SMTP)
    sender = _address(mail.sender)
    letter["From"] = sender
    letter["To"] = [_address(each) for each in mail.to]
    letter["Subject"] = plain(message.subject)
    letter["Date"] = format_datetime(datetime.now(UTC))
    # The name of this host is nobody's business, and its search takes as long as a resolver does.
    letter["Message-ID"] = make_msgid(domain=sender.domain or "localhost")
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: so nobody's holidays answer it
    letter.set_content(message.text)
    return letter


def _address(text: str) -> Address:
    """Return an address, with a name or without; one of a local user has no @."""
    found = _ADDRESS.fullmatch(text)
    wrong = ConfigError(
        f"Mail cannot go to or come from {plain(text)!r}.",
        hint="An address is name@example.com, or Name <name@example.com>.",
    )
    if found is None or not text.isprintable():
        raise wrong
    try:
        user, _, domain = (found["bare"] or found["address"]).partition("@")
        return Address((found["name"] or "").strip('" '), user, domain)
    except ValueError as error:
        raise wrong from error


def _within(
    seconds: float, send: Callable[[], dict[str, tuple[int, bytes]]]
) -> dict[str, tuple[int, bytes]]:
    """Return what `send` does, if it does in time.

    A limit of a socket holds for one piece, and a search for a name has none: a server that sends a
    byte now and then never meets it. So it is a thread that is waited for, and left behind.
    """
    done = list[dict[str, tuple[int, bytes]]]()
    failed = list[BuilderError]()

    def run() -> None:
        try:
            done.append(send())
        except BuilderError as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise HostError(
            f"The mail server took longer than {seconds:g} s.",
            hint="The mail may have come all the same.",
        )
    return done[0]


def _sent(
    mail: Mail, letter: EmailMessage, password: str, seconds: float
) -> dict[str, tuple[int, bytes]]:
    """Return whom the server refused, each with its reason. Raises HostError."""
    server = f"The mail server {mail.server}"
    try:
        with closing(_connected(mail, seconds)) as client:
            if mail.user:
                client.login(mail.user, password)
            refused = client.send_message(letter)
            with suppress(OSError):  # it has the mail, whatever it says now
                client.quit()
            return refused
    except smtplib.SMTPRecipientsRefused as error:
        address, reason = next(iter(error.recipients.items()))
        raise HostError(f"{server} takes no mail for {address}: {_said(*reason)}") from error
    except smtplib.SMTPResponseException as error:
        raise HostError(f"{server} refuses: {_said(error.smtp_code, error.smtp_error)}") from error
    except ssl.SSLCertVerificationError as error:
        raise HostError(
            f"{server} has a certificate that is not valid: {error.verify_message.rstrip('.')}.",
            hint="Add its authority's to the system's (update-ca-certificates, update-ca-trust).",
        ) from error
    except (OSError, ValueError) as error:  # smtplib's are OSErrors, a bad name's is a ValueError
        raise HostError(f"{server} cannot be used: {_why(error)}.", hint=_hint(mail)) from error


def _connected(mail: Mail, seconds: float) -> smtplib.SMTP:
    port = mail.port or _PORTS[mail.security]
    if mail.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.server, port, timeout=seconds, context=context)
    client = smtplib.SMTP(mail.server, port, timeout=seconds)
    if mail.security == "starttls":
        try:
            client.starttls(context=ssl.create_default_context())
        except BaseException:
            client.close()
            raise
    return client


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return plain(str(error), longest=_LONGEST).rstrip(".") or type(error).__name__


def _hint(mail: Mail) -> str:
    return f"It was asked at port {mail.port or _PORTS[mail.security]}, security {mail.security}."


def _said(code: int, words: bytes | str) -> str:
    text = words if isinstance(words, str) else words.decode(errors="replace")
    return plain(f"{code} {text}", longest=_LONGEST)
