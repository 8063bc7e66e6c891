"""What a BIOS comes to that starts a boot image at its first byte."""

import pytest

from builder.iso import bios_loader


@pytest.mark.parametrize(
    ("head", "right"),
    [
        ("fa ea 6c 7c 00 00 90 90", True),  # isolinux 6
        ("fa ea 40 7c 00 00 90 90", True),  # isolinux 3 and 4
        ("e8 00 00 eb 3b 00 00 00", True),  # GRUB 2
        ("ea 40 00 c0 07", True),
        ("eb 3e", True),
        ("e9 3d 00", True),
        ("fa fc 90 e9 00 04", True),
        ("00 00 00 00 00 00 00 00", False),
        ("90 90 90 90 90 90 90 90", False),  # into the table
        ("eb 10", False),
        ("eb fe", False),
        ("eb f0", False),
        ("e9 00 08", False),  # behind what is loaded
        ("fa ea 6c 7c 00 10", False),
        ("ba ea 6c 7c 00 00", False),
        ("fa e2 6c 7c 00 00", False),
        ("90 90 90 90 90 ea 6c 7c", False),  # the table is in the jump
    ],
)
def test_the_way_over_the_table(head: str, *, right: bool) -> None:
    content = bytes.fromhex(head).ljust(2048, b"\0")
    assert bios_loader.jumps_over_its_table(content) is right


@pytest.mark.parametrize(
    ("head", "right"),
    [
        (b"\xfa\x33\xc0\x8e", True),  # Microsoft's etfsboot.com
        (b"\xeb\x3c\x90MSDOS", True),
        (b"\x31\xc0\x8e\xd8", True),
        (b"\x66\x31\xc0\x8e", True),
        (b"h\xc0\x07\x1f", True),
        (b"MZ\xea\x07\0\xc0", True),  # memtest86+
        (b"MZ\x90\0\x03\0", False),
        (b"MZ\0\0", False),
        (bytes(64), False),
        (b"\xff" * 64, False),
        (b"\x7fELF\2\1\1", False),
        (b"\x1f\x8b\x08\0", False),
        (b"\xfd7zXZ\0", False),
        (b"\x28\xb5\x2f\xfd", False),
        (b"hsqs\x01\0", False),
        (b"#!/bin/sh\n", False),
    ],
)
def test_what_is_something_else(head: bytes, *, right: bool) -> None:
    assert bios_loader.may_be_one(head.ljust(64, b"\0")) is right
