"""What the guest's own scripts say through the result port: JSON lines with the build's nonce."""

import base64
from typing import Literal

import msgspec

from builder.model.package import Package, System


class GuestReport(msgspec.Struct, frozen=True, kw_only=True):
    """One line that the kickstart's scripts send."""

    builder: Literal[1]
    """The version of this format."""
    nonce: str
    result: str = ""
    """"success", "failure", or empty for a line that only carries data."""
    stage: str = ""
    """Where a failure happened: "onerror" or "traceback"."""
    log_base64: str = ""
    """Tail of the installer's log."""
    package: Package | None = None
    """One of those that are installed."""
    system: System | None = None


def parse(line: str) -> GuestReport | None:
    """Return the report in `line`; None for anything else: guests may write what they like."""
    try:
        return msgspec.json.decode(line, type=GuestReport)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def log_tail(report: GuestReport) -> str:
    """Return the end of the installer's log that came with a failure; empty without one."""
    try:
        return base64.b64decode(report.log_base64, validate=True).decode(errors="replace")
    except ValueError:
        return ""
