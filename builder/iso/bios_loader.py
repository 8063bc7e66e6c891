"""How a boot image for BIOS begins: the processor starts at its first byte, whatever that is.

Intel's manual, volume 2, for the instructions. isolinux (core/isolinux.asm) and GRUB's cdboot.S
keep bytes 8 to 63 for the boot information table, so that what is before can only jump over it.
"""

import struct

_TABLE = range(8, 64)
_LOADED = 2048  # bytes: what firmware loads of an image at least
_SEGMENT = 0x7C00
_FLAGS = frozenset(b"\x90\xf8\xf9\xfa\xfb\xfc\xfd")  # NOP, and what sets or clears a flag
_FAR, _CALL, _NEAR, _SHORT = 0xEA, 0xE8, 0xE9, 0xEB
_JUMPS = {_FAR, _CALL, _NEAR, _SHORT}
_LENGTHS = {_FAR: 5, _CALL: 3, _NEAR: 3, _SHORT: 2}
_KERNEL = b"MZ"
_OTHERS = (b"\x7fELF", b"\x1f\x8b\x08", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")  # gzip, xz, zstd
_TEXT = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))
_LETTERS = 4


def jumps_over_its_table(head: bytes) -> bool:
    """Tell whether the first instructions come to what stands behind the table."""
    at = 0
    while at in range(_TABLE.start):
        at = at + 1 if head[at] in _FLAGS else _jumped(head, at)
    return at in range(_TABLE.stop, _LOADED)


def _jumped(head: bytes, at: int) -> int:
    """Return where the jump at that byte leads to, from the beginning; -1 for anything else."""
    code = head[at]
    end = at + _LENGTHS.get(code, 0)
    if code not in _JUMPS or end > _TABLE.start:
        return -1
    if code == _FAR:
        offset, segment = struct.unpack_from("<HH", head, at + 1)
        return int(segment * 16 + offset - _SEGMENT)
    (step,) = struct.unpack_from("<b" if code == _SHORT else "<h", head, at + 1)
    # What jumps back would not end.
    return int(end + step) if step >= 0 else -1


def may_be_one(head: bytes) -> bool:
    """Tell whether the first bytes may be a loader's: not if they are of something else.

    Loaders of all kinds begin with flags, jumps, or registers that are set; no instructions are
    zeros, or the bytes of an erased chip, and text is none in its first four letters.
    """
    if head[:2] in {b"\0\0", b"\xff\xff"} or head.startswith(_OTHERS):
        return False
    if head[:2] == _KERNEL:  # what is also a program for UEFI goes on with a jump, as memtest86+
        return head[2] in _JUMPS
    return not _TEXT.issuperset(head[:_LETTERS])
