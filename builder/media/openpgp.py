"""Files of OpenPGP keys, taken apart: gpgv wants a binary keyring, of the wanted keys alone.

https://www.rfc-editor.org/rfc/rfc4880: 4.2 has the packets' headers, 6.2 the armour, 12.2 the
fingerprints.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

import msgspec

_KEY = rb"PGP PUBLIC KEY BLOCK-----"
_ARMOUR = re.compile(rb"-----BEGIN " + _KEY + rb"\s*?\r?\n(?P<body>.*?)-----END " + _KEY, re.DOTALL)
_PUBLIC_KEY, _SIGNATURE = 6, 2
_VERSION = 4
_CERTIFICATIONS = range(0x10, 0x14)
"""Types of signatures on user ids."""
_UNSAFE = {1, 2, 3}
"""Of the digests: MD5, SHA-1 and RIPEMD-160, of 128 and 160 bits."""
_CREATED, _ISSUER, _ISSUER_WHOLE = 2, 16, 33
"""Parts of signatures: when, and by the key of which number or fingerprint."""
_TWO, _PARTS, _FIVE = 192, 224, 255
"""First octets of new packets' lengths, from which on these have two, are of parts, have five."""


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """A keyring for gpgv."""

    content: bytes
    weak: frozenset[str] = frozenset()
    """Fingerprints of those that have signed their user ids by digests alone that are not safe."""
    excused: frozenset[str] = frozenset()
    """Of those whose vendors have no better copies."""


def keys(data: bytes) -> dict[str, bytes]:
    """Return the keys of a file, armoured or not, each with its subkeys, by their fingerprints.

    What cannot be read as such, or is of another version than 4, is left out.
    """
    found: dict[str, bytes] = {}
    for block in _blocks(data):
        current = ""
        for tag, start, body, end in _packets(block):
            if tag == _PUBLIC_KEY:
                current = _fingerprint(block[body:end])
            if current:
                found[current] = found.get(current, b"") + block[start:end]
    return found


def self_signed(key: bytes) -> tuple[int, int]:
    """Return when a key last signed a user id of its own by a safe digest, and by any.

    In seconds since 1970, 0 for never: the better of two copies of a key has the larger. What is
    signed there is not checked; gpgv does so.
    """
    safe, last, fingerprint = 0, 0, ""
    for tag, _, body, end in _packets(key):
        if tag == _PUBLIC_KEY:
            fingerprint = _fingerprint(key[body:end])
        elif tag == _SIGNATURE:
            digest, created, issuer = _certification(key[body:end])
            if issuer and fingerprint.endswith(issuer):
                safe = safe if digest in _UNSAFE else max(safe, created)
                last = max(last, created)
    return safe, last


def is_weak(key: bytes) -> bool:
    """Tell whether a key has signed its user ids, but by no digest that is safe."""
    safe, last = self_signed(key)
    return bool(last and not safe)


def _certification(body: bytes) -> tuple[int, int, str]:
    """Return digest, time and issuer of a signature on a user id; no issuer for any other."""
    if body[:1] == b"\x03" and len(body) > 16 and body[2] in _CERTIFICATIONS:  # noqa: PLR2004
        return body[16], int.from_bytes(body[3:7]), body[7:15].hex().upper()
    if body[:1] != b"\x04" or len(body) < 6 or body[1] not in _CERTIFICATIONS:  # noqa: PLR2004
        return 0, 0, ""
    created, issuer = 0, ""
    hashed = 6 + int.from_bytes(body[4:6])
    for kind, content in (*_parts(body[6:hashed]), *_parts(body[hashed + 2 :])):
        if kind == _CREATED:
            created = int.from_bytes(content)
        elif kind == _ISSUER or (kind == _ISSUER_WHOLE and content[:1] == b"\x04"):
            issuer = content[-8:].hex().upper()
    return body[3], created, issuer


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kinds and contents of a signature's parts (5.2.3.1)."""
    at = 0
    while at < len(data):
        start, length = _part(data, at)
        if length < 1 or start + length > len(data):
            return
        yield data[start] & 0x7F, data[start + 1 : start + length]
        at = start + length


def _part(data: bytes, at: int) -> tuple[int, int]:
    """Return where a part begins, and its length: unlike packets, no part is in pieces."""
    if _TWO <= data[at] < _FIVE:
        return at + 2, (data[at] - _TWO << 8) + int.from_bytes(data[at + 1 : at + 2]) + _TWO
    return _new(data, at)


def _blocks(data: bytes) -> Iterator[bytes]:
    armoured = [_dearmoured(each["body"]) for each in _ARMOUR.finditer(data)]
    yield from armoured or [data]


def _dearmoured(body: bytes) -> bytes:
    lines = [line.strip() for line in body.splitlines()]
    # Headers such as "Version: …" end with an empty line; "=XXXX" is the sum at the end.
    start = lines.index(b"") + 1 if b"" in lines and any(b":" in each for each in lines) else 0
    text = b"".join(line for line in lines[start:] if not line.startswith(b"="))
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _packets(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each packet's tag, and where it, its body and the next begin; stop at what is none."""
    at = 0
    while at + 1 < len(data) and data[at] & 0x80:
        head = data[at]
        tag = head & 0x3F if head & 0x40 else head >> 2 & 0x0F
        body, length = _new(data, at + 1) if head & 0x40 else _old(data, at + 1, head & 3)
        if length < 0 or body + length > len(data):
            return
        yield tag, at, body, body + length
        at = body + length


def _new(data: bytes, at: int) -> tuple[int, int]:
    """Return where a body begins, and its length; that is negative where it is in parts."""
    first = data[at]
    if first < _TWO:
        return at + 1, first
    if first == _FIVE:
        return at + 5, int.from_bytes(data[at + 1 : at + 5])
    if first < _PARTS:
        return at + 2, (first - _TWO << 8) + int.from_bytes(data[at + 1 : at + 2]) + _TWO
    return at, -1


def _old(data: bytes, at: int, kind: int) -> tuple[int, int]:
    size = (1, 2, 4, 0)[kind]
    return (at + size, int.from_bytes(data[at : at + size])) if size else (at, -1)


def _fingerprint(body: bytes) -> str:
    if not body or body[0] != _VERSION:
        return ""
    whole = b"\x99" + len(body).to_bytes(2) + body
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest().upper()
