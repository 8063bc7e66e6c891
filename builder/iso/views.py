"""Views of a medium's files beside ISO 9660's: Linux may mount those, and a patch misses them.

UDF (ECMA-167 2/9): its recognition sequence follows the volume descriptors; libblkid then says
udf, never iso9660. HFS and HFS+ (Apple's TN1150): their headers are 1024 bytes behind the start of
a partition, which xorriso gives the volume's own label.
"""

from collections.abc import Iterator

from builder.iso import apple_map, tree
from builder.iso.descriptors import FIRST_DESCRIPTOR
from builder.iso.partitions import BLOCK, PER_SECTOR, SYSTEM_AREA
from builder.iso.source import SECTOR, Source
from builder.iso.survey import Survey

_SEQUENCE = {b"CD001", b"BEA01", b"BOOT2", b"CDW02", b"TEA01", b"NSR02", b"NSR03"}
_UDF = {b"NSR02", b"NSR03"}
_LONGEST = 64  # sectors that libblkid looks at
_HEADER = 1024  # bytes before it
_APPLE = {b"BD": "HFS", b"H+": "HFS+", b"HX": "HFS+"}


def foreign(medium: Survey) -> tuple[str, ...]:
    """Return what else holds the medium's files: "UDF", "HFS", "HFS+"; nothing on most media.

    A boot image that has such a file system of its own, as Macs want it, is none.
    """
    bases = sorted({each.base for each in medium.trees})
    udf = ["UDF"] if any(_is_udf(medium.source, base) for base in bases) else []
    return (*udf, *sorted(set(_apple(medium))))


def _is_udf(source: Source, base: int) -> bool:
    first = base + FIRST_DESCRIPTOR
    for sector in range(first, min(first + _LONGEST, source.size // SECTOR)):
        identifier = source.read(sector * SECTOR + 1, 5)
        if identifier in _UDF:
            return True
        if identifier not in _SEQUENCE:
            return False
    return False


def _apple(medium: Survey) -> Iterator[str]:
    source = medium.source
    starts = {0, *(each.start for each in medium.partitions), *_apple_starts(source)}
    for start in starts:
        at = start * BLOCK + _HEADER
        kind = _APPLE.get(source.read(at, 2)) if at + 2 <= source.size else None
        # libblkid takes ISO 9660 for HFS at the beginning of all, as mkisofs makes it.
        if kind and (start or kind != "HFS") and not _begins_file(medium, start):
            yield kind


def _apple_starts(source: Source) -> Iterator[int]:
    """Yield the blocks at which the partitions of an Apple map begin."""
    area = source.read(0, SYSTEM_AREA)
    unit = apple_map.unit(area) // BLOCK
    yield from (each.first * unit for each in apple_map.entries(area))


def _begins_file(medium: Survey, start: int) -> bool:
    """Tell whether a block is the first of a boot image, or of another file."""
    sector, left = divmod(start, PER_SECTOR)
    if left or sector in {each.sector for each in medium.images}:
        return not left
    return any(
        record.extent == sector and record.length and not record.is_directory
        for directory in tree.walk(medium.source, medium.primary)
        for record in directory.listing.records
    )
