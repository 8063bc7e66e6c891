"""What a GRUB 2 core image carries in itself: where its menu is, and a script before that.

grub-mkimage appends modules to the kernel, each with a type (include/grub/kernel.h); a PC's are
compressed with LZMA behind a loader of some sectors. Magic and layout are those of 2.00 to 2.12.
"""

import functools
import io
import lzma
import struct
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import msgspec

from builder.errors import MediaError
from builder.iso import fat
from builder.iso.source import Memory

_MAGIC = b"mimg"
_MEMDISK, _CONFIG, _PREFIX = 1, 2, 3
_MOST = 4096  # modules: a hundred is much
_LARGEST = 4 << 20  # bytes, uncompressed: GRUB with all of its modules has 3 MiB
_FILTER = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
# What stands before the decompressor: nothing, a sector of diskboot.img, cdboot.img and that.
_BEFORE = (2560, 512, 0)
_SIZES = 8  # bytes before the compressed and the uncompressed size
_DECOMPRESSOR = range(0x200, 0x4000, 4)
_TRIES = 256  # those of Debian's GRUB 2.06 find it in the 70th


class Core(msgspec.Struct, frozen=True, kw_only=True):
    """The modules that tell of the menu."""

    prefix: str
    """Where grub.cfg is: "/EFI/BOOT", "(memdisk)/boot/grub"."""
    config: str = ""
    """A script that is run first."""
    memdisk: bytes | None = None
    """A file system that it brings along."""


def files(memdisk: bytes) -> dict[str, bytes]:
    """Return what a memdisk holds by path: the files of a tar, or of a FAT file system.

    Debian's signed GRUB has the latter. Others are not looked into.
    """
    source = Memory(memdisk)
    return _fat_files(source) if fat.claims(source, 0) else _tar_files(memdisk)


def _fat_files(source: Memory) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = source.size  # a damaged one may give every name the same clusters
    with suppress(MediaError):
        system = fat.FileSystem(source, 0)
        for each in system.files():
            left -= each.size
            if left < 0:
                break
            found[each.path] = system.read(each, largest=source.size)
    return found


def _tar_files(memdisk: bytes) -> dict[str, bytes]:
    found = {}
    with suppress(tarfile.TarError, EOFError), tarfile.open(fileobj=io.BytesIO(memdisk)) as held:
        for each in held:
            reader = held.extractfile(each) if each.isreg() else None
            if reader is not None:
                found[each.name.strip("./")] = reader.read()
    return found


# A remaster comes here several times, each time with the same programs.
@functools.lru_cache(maxsize=8)
def core(image: bytes) -> Core | None:
    """Return what an EFI program or a BIOS boot image says, or None for one that is no GRUB 2."""
    return _modules(image) if image[:2] == b"MZ" else _compressed(image)


def _compressed(image: bytes) -> Core | None:
    for before in _BEFORE:
        if len(image) < before + 16:
            continue
        packed, size = struct.unpack_from("<II", image, before + _SIZES)
        if not 0 < packed < len(image) or not packed < size <= _LARGEST:
            continue
        for start in islice(_beginnings(image, before), _TRIES):
            found = _uncompressed(image[start : start + packed], size)
            if found is not None:
                return _modules(found)
    return None


def _beginnings(image: bytes, before: int) -> Iterator[int]:
    """Yield where LZMA may begin: with a zero, and a row of them would be read for long."""
    for at in (before + each for each in _DECOMPRESSOR):
        if image[at : at + 1] == b"\0" and any(image[at + 1 : at + 5]):
            yield at


def _uncompressed(content: bytes, size: int) -> bytes | None:
    try:
        reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_FILTER])
        found = reader.decompress(content, size)
    except lzma.LZMAError:
        return None
    return found if len(found) == size and _MAGIC in found else None


def _modules(image: bytes) -> Core | None:
    """Read the modules. The magic is in the kernel's instructions as well: the last one counts."""
    at = image.find(_MAGIC)
    while at >= 0:
        found = dict(_listed(image, at))
        if _PREFIX in found:
            return Core(
                prefix=_text(found[_PREFIX]),
                config=_text(found.get(_CONFIG, b"")),
                memdisk=found.get(_MEMDISK),
            )
        at = image.find(_MAGIC, at + 1)
    return None


def _listed(image: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the type and content of each module, as programs of 64 or 32 bits have them."""
    for layout in ("<4x4xQQ", "<4xII"):
        if at + struct.calcsize(layout) > len(image):
            continue
        first, size = struct.unpack_from(layout, image, at)
        if struct.calcsize(layout) <= first < size <= len(image) - at:
            yield from _each(image, at + first, at + size)


def _each(image: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    for _ in range(_MOST):
        if at + 8 > end:
            return
        kind, size = struct.unpack_from("<II", image, at)
        if not 8 < size <= end - at:  # noqa: PLR2004  # its own header
            return
        yield kind, image[at + 8 : at + size]
        at += size


def _text(content: bytes) -> str:
    return content.partition(b"\0")[0].decode("utf-8", "replace")
