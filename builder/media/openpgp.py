"""Files of OpenPGP keys, taken apart: gpgv wants a binary keyring, of the wanted keys alone.

https://www.rfc-editor.org/rfc/rfc4880: 4.2 has the packets' headers, 6.2 the armour, 12.2 the
fingerprints.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

_KEY = rb"PGP PUBLIC KEY BLOCK-----"
_ARMOUR = re.compile(rb"-----BEGIN " + _KEY + rb"\s*?\r?\n(?P<body>.*?)-----END " + _KEY, re.DOTALL)
_PUBLIC_KEY = 6
_VERSION = 4
_TWO, _PARTS, _FIVE = 192, 224, 255
"""First octets of new packets' lengths, from which on these have two, are of parts, have five."""


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
