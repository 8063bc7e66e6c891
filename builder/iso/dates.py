"""Dates as ISO 9660 records them, and the one that reproducible images carry."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from builder.errors import UsageError

_QUARTERS = 15  # minutes: zones count in these


def epoch(environ: Mapping[str, str]) -> datetime | None:
    """Return the date of SOURCE_DATE_EPOCH (reproducible-builds.org), None without it."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text!r}.", hint="Set it to seconds since 1970, or unset it."
        ) from error


def record_date(when: datetime) -> bytes:
    """Return the seven bytes of directory records (ECMA-119 9.1.5)."""
    at = when.astimezone(UTC)
    return bytes([at.year - 1900, at.month, at.day, at.hour, at.minute, at.second, 0])


def volume_date(when: datetime) -> bytes:
    """Return the seventeen bytes of volume descriptors (ECMA-119 8.4.26.1)."""
    return when.astimezone(UTC).strftime("%Y%m%d%H%M%S00").encode() + b"\0"


def from_record(raw: bytes) -> datetime:
    """Return the date of seven bytes; 1980 for those that are none."""
    year, month, day, hour, minute, second, zone = raw
    quarters = zone - 256 if zone > 127 else zone  # noqa: PLR2004  # a signed byte
    try:
        local = datetime(year + 1900, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)
    return local - timedelta(minutes=_QUARTERS * quarters)
