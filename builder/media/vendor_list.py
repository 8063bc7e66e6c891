"""A medium's sha256, from its vendor's list of checksums, whose signature is checked."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from builder.errors import MediaError
from builder.media import network, signature, vendor_keys
from builder.media.checksum_list import Listed, Unlisted, listed
from builder.media.network import Interruption, Refusal
from builder.media.openpgp import Ring
from builder.media.pace import Patience
from builder.media.signature import Signed, Unsigned
from builder.model.media import Download, Voucher, shown
from builder.model.release import Checksums
from builder.monitor import Monitor

_ATTEMPTS = 3
_LIMIT = 1 << 20
_HINT = (
    "Check the network and try again; or give the ISO with --iso FILE, and the sha256 that the "
    "vendor's page of downloads shows with --sha256 HEX."
)


class Offline(MediaError):
    """No list could be had: no server gave one."""


class Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """What the vendor says of a medium."""

    listed: Listed
    voucher: Voucher


class _Found(msgspec.Struct, frozen=True):
    url: str
    text: str
    key: str = ""


def vouched(
    source: Download, name: str, *, cache: Path, patience: Patience, monitor: Monitor
) -> Vouched:
    """Return what the vendor's list says of the file `name`, trying mirrors in turn.

    Raises Offline when none can be had, MediaError when one says nothing of the file, or has not
    the signature that is expected.
    """
    wanted, reached, may_pass = source.checksums, False, False
    failures: list[str] = []
    if wanted is None:
        raise MediaError(f"The vendor of {name} publishes no list of checksums.", hint=_HINT)
    for url in _addresses(source, wanted):
        try:
            found = _text(url, wanted, cache=cache, patience=patience, monitor=monitor)
            return _judged(found, name)
        except (Unlisted, Unsigned) as error:
            reached = True
            failures.append(f"{shown(url)}: {error}")
        except (Refusal, Interruption) as error:
            failures.append(f"{shown(url)}: {error}")
            may_pass |= network.passes(error)
    error_class = MediaError if reached else Offline
    sentence = f"The sha256 of {name} could not be had: {'; '.join(failures)}."
    raise error_class(sentence, hint=_HINT, may_pass=may_pass)


def _judged(found: _Found, name: str) -> Vouched:
    source = shown(found.url)
    voucher = Voucher(state="listed", source=source)
    if found.key:
        voucher = Voucher(state="signed", source=source, key=found.key)
    return Vouched(listed=listed(found.text, name), voucher=voucher)


def _addresses(source: Download, wanted: Checksums) -> Iterator[str]:
    file = wanted.file.replace("{file}", source.medium.file)
    if "://" in file:
        yield file
    else:
        yield from (f"{folder.rstrip('/')}/{file}" for folder in source.urls)


def _text(
    url: str, wanted: Checksums, *, cache: Path, patience: Patience, monitor: Monitor
) -> _Found:
    """Return a list of which all is signed that is to be."""
    monitor.tell("note", f"reading the vendor's list {shown(url)}")
    data = _fetched(url, patience)
    if not wanted.signature:
        return _Found(url, data.decode("utf-8", "replace"))
    proof = b""
    if wanted.signature != "inline":
        proof = _signature(f"{url}.{wanted.signature}", patience)
    rings = vendor_keys.rings(wanted, cache=cache, patience=patience, monitor=monitor)
    signed = _by_any(data, proof, rings, inline=wanted.signature == "inline")
    return _Found(url, signed.text, signed.fingerprint)


def _signature(url: str, patience: Patience) -> bytes:
    try:
        return _fetched(url, patience)
    except Refusal as error:
        raise Unsigned(f"it has no signature, where one is expected ({error})") from error


def _by_any(data: bytes, proof: bytes, rings: Iterator[Ring], *, inline: bool) -> Signed:
    """Check a signature with one ring after the other: another copy of a key may do better."""
    last = Unsigned("none of the keys that may sign it is at hand")
    for ring in rings:
        try:
            return (
                signature.clear_signed(data, ring)
                if inline
                else signature.detached(data, proof, ring)
            )
        except Unsigned as error:
            last = error
            if not error.key:
                break
    raise last


def _fetched(url: str, patience: Patience) -> bytes:
    for attempt in range(1, _ATTEMPTS):
        try:
            return network.small(url, limit=_LIMIT, patience=patience)
        except Interruption:
            time.sleep(attempt)
    return network.small(url, limit=_LIMIT, patience=patience)
