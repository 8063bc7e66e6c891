"""What keeps firmware from booting a CD, and a boot loader from finding itself on it.

El Torito 1.0 for the catalogue; mkisofs(8), -boot-info-table, for the 56 bytes that isolinux and
GRUB read of themselves; UEFI 2.10, 13.3.2, for what UEFI makes of an entry.
"""

import struct
from collections.abc import Iterable, Iterator

from builder.iso import bios_loader, eltorito, partitions
from builder.iso.descriptors import FIRST_DESCRIPTOR
from builder.iso.eltorito import ENTRY, BootImage
from builder.iso.partitions import PROTECTIVE, Partition
from builder.iso.source import SECTOR, Source

BLOCK = 512
"""Bytes of what catalogues call a sector."""
_RECORD = FIRST_DESCRIPTOR + 1  # El Torito 1.0, 2.0: the boot record is there, nowhere else
_PLATFORMS = {0, 1, 2, 0xEF}  # BIOS, PowerPC, Mac, UEFI
_SEGMENTS = {0, 0x07C0}
_FIRST_LOAD = SECTOR // BLOCK  # isolinux and GRUB count on their first 2048 bytes, load the rest
_TABLE = struct.Struct("<4I")
_TABLE_AT, _SUMMED_FROM = 8, 64
_MBR_POINTER = 432
_READ_BY_UEFI = {0xEF, 0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E}  # its own, and those of FAT
_MBR_CODES = {b"isolinux.bin missing": 0, b"Geom\0Hard Disk": _FIRST_LOAD}
_LARGEST_LOADER = 4 << 20  # bytes; isolinux has 40 KiB, GRUB with all its modules 3 MiB
_MOST_LOADED = (0xA0000 - 0x7C00) // BLOCK  # what follows is the screen's, and no memory
_LOADERS = (b"ISOLINUX ", b"no boot info")  # isolinux, GRUB's cdboot: neither works without


def problems(source: Source, images: tuple[BootImage, ...]) -> Iterator[str]:
    """Yield why firmware will not start what an ISO should boot, in whole sentences."""
    found = eltorito.record(source)
    if found is None:
        yield "Firmware finds nothing to boot: there is no boot record of El Torito."
        return
    place, catalogue = found
    if place != _RECORD:
        yield f"The boot record is in sector {place}, and firmware looks in {_RECORD}."
    yield from _catalogue_problems(source.read(catalogue * SECTOR, SECTOR))
    for image in images:
        yield from _image_problems(source, image)


def _catalogue_problems(content: bytes) -> Iterator[str]:
    end = 2 * ENTRY
    for at, platform in eltorito.places(content):
        if platform not in _PLATFORMS:
            yield f"The boot catalogue's entry at byte {at} is for platform {platform}: none is."
        if content[at] != eltorito.BOOTABLE:
            which = "default entry" if at == ENTRY else f"entry at byte {at}"
            yield f"The boot catalogue's {which} is not bootable."
    for at in eltorito.headers(content):
        (count,) = struct.unpack_from("<H", content, at + 2)
        end = at + ENTRY * (count + 1)
        if not count or end > len(content):
            yield f"The boot catalogue announces {count} entries at byte {at}."
            return
        if content[at] == eltorito.MORE and content[end : end + 1] not in {b"\x90", b"\x91"}:
            yield "The boot catalogue announces a section that is not there."
    if any(content[end : end + ENTRY]):
        yield f"The boot catalogue has something at byte {end} that no header announces."


def _image_problems(source: Source, image: BootImage) -> Iterator[str]:
    title = f"The boot image for {image.platform}"
    if (image.sector + 1) * SECTOR > source.size:
        yield f"{title} is behind the end of the image."
        return
    if image.sector <= _RECORD:
        yield f"{title} is in sector {image.sector}, among the volume descriptors."
    if image.emulated:
        if image.platform != "bios" or not _is_disk(source.read(image.sector * SECTOR, SECTOR)):
            yield f"{title} is to be shown as a floppy or a hard disk, and is none."
    elif image.platform == "bios":
        yield from _loading_problems(source, image, title)
        yield from _beginning_problems(source.read(image.sector * SECTOR, SECTOR), title)
        yield from _table_problems(source, image, title)


def _is_disk(head: bytes) -> bool:
    """Tell whether an image begins as a disk does, and not as a loader that wants to be a CD's."""
    return head[510:512] == b"\x55\xaa" and not any(each in head for each in _LOADERS)


def _loading_problems(source: Source, image: BootImage, title: str) -> Iterator[str]:
    size = image.blocks * BLOCK
    if image.segment not in _SEGMENTS:
        yield f"{title} is loaded to segment {image.segment:04X}, and runs in 07C0 alone."
    if image.blocks < _FIRST_LOAD:
        yield f"{title} is loaded to {size} bytes; it needs its first 2048."
    if image.blocks > _MOST_LOADED:
        yield f"{title} is loaded to {size} bytes, over the memory of the firmware itself."
    elif image.sector * SECTOR + size > source.size:
        yield f"{title} is loaded from behind the end of the image as well."


def _beginning_problems(head: bytes, title: str) -> Iterator[str]:
    if any(each in head for each in _LOADERS):
        if not bios_loader.jumps_over_its_table(head):
            yield f"{title} does not begin with a jump to its own code."
    elif not bios_loader.may_be_one(head):
        yield f"{title} begins with {head[:4].hex(' ')}, as no loader does."


def _table_problems(source: Source, image: BootImage, title: str) -> Iterator[str]:
    right, named = _table(source, image)
    if all(right) or not (named or any(right[1:])):
        return
    names = ("volume descriptor", "sector", "length or checksum")
    wrong = ", ".join(name for name, good in zip(names, right, strict=True) if not good)
    yield f"{title} would not start: its boot information table has a wrong {wrong}."


def own_length(source: Source, image: BootImage) -> int | None:
    """Return the bytes that a loader for BIOS says it has; None without a right table."""
    there = image.platform == "bios" and (image.sector + 1) * SECTOR <= source.size
    if not there or not all(_table(source, image)[0]):
        return None
    return int(_TABLE.unpack(source.read(image.sector * SECTOR + _TABLE_AT, _TABLE.size))[2])


def _table(source: Source, image: BootImage) -> tuple[tuple[bool, bool, bool], bool]:
    """Return what of the table is right, and whether the image is one that needs it."""
    start = image.sector * SECTOR
    head = source.read(start, SECTOR)
    volume, sector, length, total = _TABLE.unpack_from(head, _TABLE_AT)
    fits = _SUMMED_FROM < length <= min(_LARGEST_LOADER, source.size - start)
    right = (
        _is_ours(source, volume),
        sector == image.sector,
        fits and checksum(source.read(start, length)) == total,
    )
    return right, any(each in head for each in _LOADERS)


def _is_ours(source: Source, sector: int) -> bool:
    """Tell whether a sector is the primary volume descriptor, or one of the same root directory.

    xorriso's own commands, as DVDs are composed by, write one for the "session" at sector 32 too,
    and let isolinux begin there.
    """
    if sector == FIRST_DESCRIPTOR:
        return True
    if (sector + 1) * SECTOR > source.size:
        return False
    first, other = (source.read(each * SECTOR, SECTOR) for each in (FIRST_DESCRIPTOR, sector))
    return other[:6] == first[:6] and other[156:190] == first[156:190]


def disk_problems(source: Source, images: tuple[BootImage, ...]) -> Iterator[str]:
    """Yield why firmware would not find its image when the ISO is on a disk."""
    area = source.read(0, BLOCK)
    yield from _code_problems(area, images)
    if not partitions.is_protective(source):
        yield from _type_problems(partitions.partitions(source), images)


def _code_problems(area: bytes, images: tuple[BootImage, ...]) -> Iterator[str]:
    """Judge the boot code: isohybrid's loads isolinux, GRUB's its image without its first 2048."""
    (block,) = struct.unpack_from("<Q", area, _MBR_POINTER)
    behind = next((skip for name, skip in _MBR_CODES.items() if name in area[:440]), None)
    starts = {each.sector * _FIRST_LOAD for each in images if each.platform == "bios"}
    if behind is not None and starts and block - behind not in starts:
        yield f"The master boot record starts what is at block {block}, no boot image for BIOS."
    entries = [area[at : at + 5] for at in partitions.MBR_ENTRIES]
    if behind == 0 and not any(each[0] or each[4] == PROTECTIVE for each in entries):
        yield "No partition is marked as the one to boot, and some BIOS wants one."


def _type_problems(found: Iterable[Partition], images: tuple[BootImage, ...]) -> Iterator[str]:
    """Judge the types that an MBR without a GPT gives to what UEFI boots.

    Without one UEFI takes an entry for unused (UEFI 2.10, 5.2.1). Only EF is a system partition's,
    but sticks that Windows formatted boot as well.
    """
    starts = {each.sector * _FIRST_LOAD for each in images if each.platform == "uefi"}
    kinds = [each.kind for each in found if each.table == "MBR" and each.start in starts]
    if kinds and not _READ_BY_UEFI & set(kinds):
        yield f"The boot image for UEFI is in a partition of type {kinds[0]:02X} instead of EF."


def checksum(loader: bytes) -> int:
    """Return the sum of a boot loader's 32-bit words behind the table, modulo 2**32."""
    summed = loader[_SUMMED_FROM:]
    summed += bytes(-len(summed) % 4)
    words: tuple[int, ...] = struct.unpack(f"<{len(summed) // 4}I", summed)
    return sum(words) & 0xFFFFFFFF
