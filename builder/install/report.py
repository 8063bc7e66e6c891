"""What the guest's own scripts say through the result port: JSON lines with the build's nonce."""

import base64

import msgspec

from builder.model.installation import GuestReport
from builder.model.package import Package, System


class _Wire(msgspec.Struct, frozen=True):
    builder: int
    nonce: str
    result: str = ""
    stage: str = ""
    log_base64: str = ""
    package: Package | None = None
    system: System | None = None


def parse(line: str) -> GuestReport | None:
    """Return the report in `line`; None for anything else: guests may write what they like."""
    try:
        wire = msgspec.json.decode(line, type=_Wire)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if wire.builder != 1:
        return None
    return GuestReport(
        nonce=wire.nonce,
        result=wire.result,
        stage=wire.stage,
        log_base64=wire.log_base64,
        package=wire.package,
        system=wire.system,
    )


def log_tail(report: GuestReport) -> str:
    """Return the end of the installer's log that came with a failure; empty without one."""
    try:
        return base64.b64decode(report.log_base64, validate=True).decode(errors="replace")
    except ValueError:
        return ""
