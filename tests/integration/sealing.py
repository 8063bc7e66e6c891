"""Let what sums and copies say agree with a field that was changed: the damage of a clever tool."""

import struct
import zlib

from fields import Field

from builder.iso.source import SECTOR

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")


def seal(content: bytearray, field: Field, catalogue: int) -> None:
    """Give twins and copies of the field its value, and sum up anew what has a sum."""
    new = bytes(content[field.at : field.at + field.size])
    if field.twin:
        content[field.twin : field.twin + field.size] = new[::-1]
    for at in field.copies:
        content[at : at + field.size] = new
    if field.kind.startswith("GPT") and field.name != "entries":  # or others would be there
        _gpt(content, backup="backup" in field.kind)
    elif field.kind == "catalogue" and field.name != "sum":
        _catalogue(content, catalogue * SECTOR)


def _catalogue(content: bytearray, at: int) -> None:
    content[at + 28 : at + 30] = bytes(2)
    total = sum(struct.unpack_from("<16H", content, at))
    struct.pack_into("<H", content, at + 28, -total & 0xFFFF)


def _gpt(content: bytearray, *, backup: bool) -> None:
    """Bring the other table up to date, and the sums of both, as far as they have places."""
    (last,) = struct.unpack_from("<Q", content, 512 + 32)
    own, other = (last, 1) if backup else (1, last)
    if (last + 1) * 512 > len(content):
        return
    changed = list(_HEADER.unpack_from(content, own * 512))
    fields = list(_HEADER.unpack_from(content, other * 512))
    size = changed[11] * changed[12]
    if size > 16384 or max(changed[10], fields[10]) * 512 + size > len(content):
        return
    entries = bytes(content[changed[10] * 512 : changed[10] * 512 + size])
    content[fields[10] * 512 : fields[10] * 512 + size] = entries
    fields[1:3], fields[7:10], fields[11:13] = changed[1:3], changed[7:10], changed[11:13]
    for block, each in ((own, changed), (other, fields)):
        each[3], each[13] = 0, zlib.crc32(entries)
        _HEADER.pack_into(content, block * 512, *each)
        if 92 <= each[2] <= 512:
            each[3] = zlib.crc32(content[block * 512 : block * 512 + each[2]])
        _HEADER.pack_into(content, block * 512, *each)
