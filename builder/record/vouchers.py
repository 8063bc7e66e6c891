"""What is known of verified ISOs, kept by their sha256: it stays true wherever a copy goes.

Extended attributes would be lost with a copy, and files beside ISOs would be volumes of their pool.
"""

import re
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import HostError
from builder.model.media import Voucher
from builder.monitor import Monitor

_FOLDER = "media"
_WORTH = {"unverified": 1, "made": 2, "given": 2, "listed": 3, "signed": 4, "catalogue": 4}
"""What a voucher says more than others."""
_NAME = re.compile(r"[0-9a-f]{64}\.json")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An ISO that was verified."""

    sha256: str
    file: str
    """Its name in the iso pool."""
    asked: str
    """The catalogue's name of it, which the vendor may give to others later."""
    voucher: Voucher
    when: str
    """RFC 3339, UTC."""


def keep(state: Path, record: Record, *, monitor: Monitor) -> Voucher:
    """Keep a record; where that cannot be, go on without. Return who vouches for it.

    That is who did so before, where the new one has less to say: the content is the same.
    """
    old = recalled(state, record.sha256)
    if _WORTH.get(old.state, 0) > _WORTH.get(record.voucher.state, 0):
        record = replace(record, voucher=old)
    path = state / _FOLDER / f"{record.sha256}.json"
    try:
        with files.writing(state):
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with files.replacing(path, mode=0o644) as part:
            part.write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    except HostError as error:
        monitor.tell("warning", f"Who verified {record.file} is not kept: {error.message}")
    return record.voucher


def known(state: Path) -> tuple[Record, ...]:
    """Return all records that can be read, the newest first."""
    found = []
    for path in files.inside(state / _FOLDER):
        if _NAME.fullmatch(path.name):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Record))
            except (OSError, msgspec.DecodeError):
                continue  # the ISO is then verified again
    return tuple(sorted(found, key=lambda each: each.when, reverse=True))


def recalled(state: Path, sha256: str) -> Voucher:
    """Return who vouched for a digest; an empty voucher where nobody is known."""
    found = (each.voucher for each in known(state) if each.sha256 == sha256)
    return next(found, Voucher())
