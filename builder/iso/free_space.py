"""Where new content goes: into the padding behind the last file, or where the image can grow."""

from collections.abc import Collection, Iterator

import msgspec

from builder.iso import eltorito, tree
from builder.iso.iso9660 import sectors
from builder.iso.partitions import PER_SECTOR, Insertion, gpt
from builder.iso.source import SECTOR, damaged
from builder.iso.survey import Survey
from builder.iso.tree import Directory, Tree

_WINDOW = 8 << 20  # bytes behind the last file that are looked at
_STEP = 64  # sectors: a repeated change of about the same size needs about the same room
_CYLINDER = (1 << 20) // SECTOR  # isohybrid pads to whole cylinders of 64 heads and 32 sectors


class FreeSpace(msgspec.Struct, frozen=True, kw_only=True):
    """Free sectors, counted from the image's beginning, and what lies behind them."""

    first: int
    end: int
    """What begins here has to move if more is needed."""
    stale: tuple[range, ...]
    """Sectors in the room that hold what gets replaced."""
    moving: range
    """Sectors behind the room that have content and must not be lost."""
    gap_end: int | None
    """Where empty space behind them ends, that can take their movement up."""

    def insertion(self, last: int) -> Insertion:
        """Return what has to be inserted when the room is used up to sector `last`."""
        missing = last - self.end
        if missing <= 0:
            return Insertion(at=self.end)
        count = -(-missing // _STEP) * _STEP if self.moving else missing
        free = 0 if self.gap_end is None else self.gap_end - self.moving.stop
        fits = count < min(free, _WINDOW // SECTOR)  # a gap that is a partition stays one
        return Insertion(at=self.end, count=count, until=self.gap_end if fits else None)


def find(medium: Survey, replaced: Collection[str]) -> FreeSpace:
    """Return the room that is free once the files of the paths `replaced` are not there any more.

    Sectors count as used when anything points at them, or when they hold anything.
    """
    looked_up = (finder.find(path) for finder in medium.finders for path in replaced)
    gone = [each for each in looked_up if each is not None]
    used = max(_used(medium, {(each.base, each.directory, each.record.at) for each in gone}))
    appended = [each.sector for each in medium.images if each.sector >= used]
    if max(used, *appended, 0) > sectors(medium.source.size):
        raise damaged(medium.source, "something in it lies behind its end")
    end = min(appended) if appended else _volume_end(medium, used)
    taken = [(each.base + each.record.extent, sectors(each.record.length)) for each in gone]
    stale = tuple(range(start, start + count) for start, count in taken if start >= used)
    moving, gap_end = _behind(medium, end) if appended else _padding(medium, end)
    first = _empty_from(medium, used, end, stale)
    return FreeSpace(first=first, end=max(end, first), stale=stale, moving=moving, gap_end=gap_end)


def grown(medium: Survey, insertion: Insertion) -> int:
    """Return the bytes that the image has after the insertion."""
    size = medium.source.size
    if not insertion.count or insertion.until is not None:
        return size
    total = sectors(size) + insertion.count
    if medium.partitions and size % (_CYLINDER * SECTOR) == 0:
        total = -(-total // _CYLINDER) * _CYLINDER
    return total * SECTOR


def _used(medium: Survey, gone: Collection[tuple[int, int, int]]) -> Iterator[int]:
    """Yield the sector behind each thing that stays; `gone` has volume, directory and record."""
    catalogue = eltorito.catalogue(medium.source)
    if catalogue is not None:
        yield catalogue + 1
    for each in medium.trees:
        descriptor = each.descriptor
        table = sectors(descriptor.path_table_size)
        yield from (each.base + place + table for place in descriptor.path_tables)
        for directory in tree.walk(medium.source, each):
            yield each.base + _reach(each, directory, gone)


def _reach(where: Tree, directory: Directory, gone: Collection[tuple[int, int, int]]) -> int:
    place = (where.base, directory.extent)
    if not any(each[:2] == place for each in gone):
        return directory.listing.reach
    return max(
        each.extent + sectors(each.length)
        for each in directory.listing.records
        if (*place, each.at) not in gone
    )


def _volume_end(medium: Survey, used: int) -> int:
    end = medium.primary.base + medium.primary.descriptor.space
    table = gpt(medium.source)
    if table is not None and used <= table.backup_start // PER_SECTOR < end:
        return table.backup_start // PER_SECTOR
    return max(end, used)


def _padding(medium: Survey, end: int) -> tuple[range, int | None]:
    """Return nothing that has to move, and where the padding of isohybrid behind it ends."""
    return range(end, end), _gap_end(medium, end, _disk_end(medium))


def _disk_end(medium: Survey) -> int:
    size, table = sectors(medium.source.size), gpt(medium.source)
    return size if table is None else min(table.backup_start // PER_SECTOR, size)


def _behind(medium: Survey, end: int) -> tuple[range, int | None]:
    """Return what an appended partition at sector `end` takes, and where a gap behind it ends."""
    tables = [each for each in medium.partitions if each.table == "GPT"]
    own = next((each for each in tables if each.start == end * PER_SECTOR), None)
    if own is None:
        return range(end, max(_disk_end(medium), end)), None
    behind = -(-own.end // PER_SECTOR)
    if behind * SECTOR > medium.source.size:
        raise damaged(medium.source, f"its partition {own.number} ends behind it")
    gap = next((each for each in tables if each.start == own.end), None)
    if gap is None or gap.start % PER_SECTOR or gap.end % PER_SECTOR:
        return range(end, behind), None
    return range(end, behind), _gap_end(medium, behind, gap.end // PER_SECTOR)


def _gap_end(medium: Survey, start: int, end: int) -> int | None:
    """Return where a gap ends; None if there is none, or something in it."""
    if end <= start:
        return None
    content = medium.source.read(start * SECTOR, min((end - start) * SECTOR, _WINDOW))
    return end if content == bytes(len(content)) else None


def _empty_from(medium: Survey, used: int, end: int, stale: tuple[range, ...]) -> int:
    """Return the first sector of the room from which on nothing is written, but what goes."""
    last = min(end, used + _WINDOW // SECTOR, medium.source.size // SECTOR)
    if last <= used:
        return used
    content = bytearray(medium.source.read(used * SECTOR, (last - used) * SECTOR))
    for sector in (sector for each in stale for sector in each if used <= sector < last):
        at = (sector - used) * SECTOR
        content[at : at + SECTOR] = bytes(SECTOR)
    return used + sectors(len(content.rstrip(b"\0")))
