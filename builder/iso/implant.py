"""The sum that a media check compares (isomd5sum's format), kept in the primary descriptor.

As isomd5sum's libimplantisomd5.c makes it, to the byte: MD5 over the volume without its last 15
sectors, the field itself counted as spaces, and its state after each 21st in three digits.
"""

import hashlib

from builder.iso.source import SECTOR, Source

FIELD = 16 * SECTOR + 883
"""Byte at which the descriptor's field for applications begins."""

_SPACE = 16 * SECTOR + 80  # the volume's size in sectors
_SIZE = 512
_SKIPPED = 15  # sectors at the end that tools may have padded differently
_FRAGMENTS = 20
_STEP = 32 * 1024
_KNOWN = b"ISO MD5SUM = "
_BLANK = b" " * _SIZE
UNKNOWN = _KNOWN.ljust(_SIZE)
"""A field that has a sum, before anybody has read what it is of."""


def cleared(source: Source) -> bytes | None:
    """Return the field without its sum; None where there is no sum."""
    return _BLANK if source.read(FIELD, _SIZE).startswith(_KNOWN) else None


def made(source: Source) -> bytes:
    """Return the field with the sum of the image."""
    volume = int.from_bytes(source.read(_SPACE, 4), "little")
    total = (volume - _SKIPPED) * SECTOR
    sums, fragment = [], 0
    content = hashlib.md5(usedforsecurity=False)
    size = total // (_FRAGMENTS + 1)
    for at in range(0, total, _STEP):
        content.update(_blanked(source.read(at, min(_STEP, total - at)), at))
        if at // size != fragment:
            fragment = at // size
            sums.append("".join(f"{each:x}"[0] for each in content.copy().digest()[:3]))
    text = (
        f"ISO MD5SUM = {content.hexdigest()};SKIPSECTORS = {_SKIPPED};RHLISOSTATUS=0;"
        f"FRAGMENT SUMS = {''.join(sums)};FRAGMENT COUNT = {_FRAGMENTS};"
        "THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!"
    )
    return text.encode().ljust(_SIZE)


def _blanked(block: bytes, at: int) -> bytes:
    start = FIELD - at
    if 0 <= start < len(block):
        return block[:start] + _BLANK + block[start + _SIZE :]
    return block


def right(source: Source) -> bool | None:
    """Tell whether the field has the right sum; None where there is none."""
    field = source.read(FIELD, _SIZE)
    return made(source) == field if field.startswith(_KNOWN) else None
