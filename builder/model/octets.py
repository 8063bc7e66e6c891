"""Bytes that are no UTF-8, in a text that JSON can hold: each is one character nobody writes.

Kickstarts in older encodings come to the installer as they are. Python's own way (surrogateescape)
makes no valid text of them, which msgspec refuses; the last 128 places of Unicode's private planes
are one.
"""

import re

_FIRST, _SURROGATES = 0x10FF00, 0xDC00
_ODD = re.compile("[\U0010ff80-\U0010ffff]")
_PLACES = {_SURROGATES + byte: chr(_FIRST + byte) for byte in range(0x80, 0x100)}


def decoded(data: bytes) -> str:
    """Return bytes as a text from which `encoded` makes them again, whatever they are."""
    text = data.decode("utf-8", "surrogateescape")
    # Who writes one of these places means its bytes, too.
    text = _ODD.sub(lambda found: found[0].encode().decode("ascii", "surrogateescape"), text)
    return text.translate(_PLACES)


def encoded(text: str) -> bytes:
    """Return the bytes of a text that `decoded` made."""
    parts = re.split(f"({_ODD.pattern})", text)
    return b"".join(
        bytes([ord(part) - _FIRST]) if _ODD.fullmatch(part) else part.encode() for part in parts
    )


def odd(text: str) -> bool:
    """Tell whether a text has bytes that are no UTF-8."""
    return _ODD.search(text) is not None


def readable(text: str) -> str:
    """Return a text for people: what is no UTF-8 is the character for that."""
    return _ODD.sub("\N{REPLACEMENT CHARACTER}", text)
