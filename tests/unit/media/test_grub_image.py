"""What is read of a GRUB 2 core image."""

import lzma
import struct

import pytest

from builder.media import grub_image
from builder.media.grub_image import Core

_FILTER = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
_PREFIX, _CONFIG, _MEMDISK, _ELF = 3, 2, 1, 0
_DISTURBING = b"cmp eax, mimg" + bytes(64)


def _modules(*each: tuple[int, bytes], wide: bool) -> bytes:
    content = b"".join(
        struct.pack("<II", kind, 8 + len(text)) + text
        for kind, text in ((_ELF, b"\x7fELF" + bytes(100)), *each)
    )
    layout = "<4s4xQQ" if wide else "<4sII"
    first = struct.calcsize(layout)
    return struct.pack(layout, b"mimg", first, first + len(content)) + content


def _efi(*each: tuple[int, bytes], wide: bool = True) -> bytes:
    return b"MZ" + bytes(500) + _DISTURBING + _modules(*each, wide=wide) + bytes(99)


def _bios(*each: tuple[int, bytes], before: int) -> bytes:
    plain = _DISTURBING * 20 + _modules(*each, wide=False)
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[_FILTER])
    packed = packer.compress(plain) + packer.flush()
    head = bytes(before) + b"\xeb\x40" + bytes(6) + struct.pack("<II", len(packed), len(plain))
    return head.ljust(before + 2848, b"\x90") + packed + bytes(5000)


_FOUND = [
    pytest.param(_efi((_PREFIX, b"/EFI/BOOT\0\0\0")), Core(prefix="/EFI/BOOT"), id="64 bits"),
    pytest.param(_efi((_PREFIX, b"/a\0"), wide=False), Core(prefix="/a"), id="32 bits"),
    pytest.param(
        _efi((_CONFIG, b"search x\nnormal\n\0"), (_PREFIX, b"\0"), (_MEMDISK, b"disk")),
        Core(prefix="", config="search x\nnormal\n", memdisk=b"disk"),
        id="a script before",
    ),
    pytest.param(_bios((_PREFIX, b"/boot/grub2\0"), before=2560),
        Core(prefix="/boot/grub2"), id="El Torito"),
    pytest.param(_bios((_PREFIX, b"/boot/grub\0"), before=512),
        Core(prefix="/boot/grub"), id="a disk"),
    pytest.param(_efi(), None, id="no prefix"),
    pytest.param(b"MZ" + bytes(9000), None, id="another program"),
    pytest.param(b"grub" * 8000, None, id="another boot image"),
    pytest.param(bytes(100_000), None, id="zeros"),
    pytest.param(b"", None, id="nothing"),
    pytest.param(b"MZmimg", None, id="cut off"),
]  # fmt: skip


@pytest.mark.parametrize(("image", "core"), _FOUND)
def test_core(image: bytes, core: Core | None) -> None:
    assert grub_image.core(image) == core


@pytest.mark.parametrize("cut", range(0, 3000, 97))
def test_an_image_that_is_cut_off_is_none_of_grubs(cut: int) -> None:
    whole = _bios((_PREFIX, b"/boot/grub2\0"), before=2560)
    assert grub_image.core(whole[:cut]) is None
