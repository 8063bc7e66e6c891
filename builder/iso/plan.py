"""Plan a remaster: from a medium that was read and what shall be different to an IsoPatch. Pure."""

import struct
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from builder.errors import UsageError
from builder.iso import free_space, implant, partitions
from builder.iso.dates import record_date
from builder.iso.descriptors import JOLIET_LABEL, Descriptor
from builder.iso.directories import Placement, TreeEditor
from builder.iso.free_space import FreeSpace
from builder.iso.iso9660 import both_endian, sectors
from builder.iso.lead import Lead
from builder.iso.partitions import PER_SECTOR, Insertion, gpt
from builder.iso.patch import Draft, IsoPatch, Span, Write, length_of
from builder.iso.source import SECTOR, damaged
from builder.iso.survey import Survey

_NUMBERS = 1 << 32
_LARGEST = _NUMBERS - 1  # bytes of one extent


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be different on a medium."""

    files: Mapping[str, bytes | Span]
    """What to add or replace, by path: "isolinux/isolinux.cfg"."""
    folders: tuple[str, ...] = ()
    """Folders to make where there are none, parents first; the files' own come by themselves."""
    modes: Mapping[str, int] = {}
    """What Rock Ridge says of files, and of folders that are new, as in st_mode; by path."""
    images: Draft
    """The source with its EFI boot images edited in place."""
    volume_id: str
    """As it is, or another one."""
    when: datetime | None = None
    """The date of what is added; None takes the volume's own."""


def plan(medium: Survey, changes: Changes) -> IsoPatch:
    """Return what makes the new image of the medium's.

    New contents go into padding that is there, or the image grows by them; nothing that is there
    is written over but what points at them. Raises MediaError for media that contradict themselves.
    """
    there = free_space.find(medium, changes.files.keys())
    draft = Draft(medium.source)
    places, last = _place(medium, changes, draft, first=there.first)
    insertion = there.insertion(last)
    size = free_space.grown(medium, insertion)
    _describe(medium, changes, draft, insertion=insertion, last=last)
    _mend_catalogue(medium, draft, insertion)
    writes = (
        *_moved(there, insertion),
        *_blanks(medium, there, insertion, last=last),
        *_images(changes.images, insertion),
        *draft.writes(),
        *_contents(changes.files, places),
        *_tables(medium, insertion, size=size),
    )
    if any(each.at + each.length > size for each in writes):
        raise damaged(medium.source, "what it says of its size is wrong")
    return IsoPatch(writes=writes, size=size)


def _place(
    medium: Survey, changes: Changes, draft: Draft, *, first: int
) -> tuple[dict[str, Placement], int]:
    """Change the directories; return where each file goes, and the sector behind the last."""
    following = first

    def allocate(count: int) -> int:
        nonlocal following
        following += count
        return following - count

    own = medium.primary.descriptor.root.raw[18:25]
    date = own if changes.when is None else record_date(changes.when)
    lead = Lead(medium)
    # A second descriptor of the same directories is a copy of the first.
    own_roots = {(each.base, each.descriptor.root.extent): each for each in reversed(medium.trees)}
    editors = [
        TreeEditor(draft, each, date=date, lead=lead) for each in reversed(own_roots.values())
    ]
    for editor in editors:
        editor.put(changes.files, changes.folders, changes.modes)
    root = 0
    for editor in editors:
        # libarchive takes Joliet, its names cut down, where that begins before Rock Ridge.
        root = editor.settle(allocate, behind=root) or root
    places = {}
    for path, content in changes.files.items():
        length = length_of(content)
        if length > _LARGEST:
            raise UsageError(f"{path} has 4 GiB or more.", hint="Such files cannot be added.")
        places[path] = Placement(sector=allocate(sectors(length)), length=length)
    for editor in editors:
        editor.place(places)
    return places, following


def _describe(
    medium: Survey, changes: Changes, draft: Draft, *, insertion: Insertion, last: int
) -> None:
    """Bring the descriptors' sizes up to date, their volume id and the media check's sum."""
    for each in (tree.descriptor for tree in medium.trees):
        end = each.base + each.space
        moved = end + insertion.count if end == insertion.at or insertion.moves(end) else end
        growth = max(moved, last) - end
        for at in (sector * SECTOR for sector in each.sectors):
            if growth:
                # A session counts from its own beginning.
                (space,) = struct.unpack("<I", medium.source.read(at + 80, 4))
                draft.write(at + 80, both_endian((space + growth) % _NUMBERS), "volume descriptor")
            if not each.is_called(changes.volume_id):
                draft.write(at + 40, _volume_id(each, changes.volume_id), "volume descriptor")
    cleared = implant.cleared(medium.source)
    if cleared is not None:
        draft.write(implant.FIELD, cleared, "media check")


def _volume_id(descriptor: Descriptor, text: str) -> bytes:
    if descriptor.joliet:
        return text[:JOLIET_LABEL].ljust(JOLIET_LABEL).encode("utf-16-be")
    return text.encode().ljust(32)


def _mend_catalogue(medium: Survey, draft: Draft, insertion: Insertion) -> None:
    for image in medium.images:
        if insertion.count and insertion.moves(image.sector):
            where = (image.sector + insertion.count).to_bytes(4, "little")
            draft.write(image.at + 8, where, "boot catalogue")


def _moved(there: FreeSpace, insertion: Insertion) -> Iterator[Write]:
    if insertion.count and there.moving:
        yield Write(
            at=(there.moving.start + insertion.count) * SECTOR,
            content=Span(at=there.moving.start * SECTOR, length=len(there.moving) * SECTOR),
            title="appended partition",
        )


def _blanks(
    medium: Survey, there: FreeSpace, insertion: Insertion, *, last: int
) -> Iterator[Write]:
    """Yield zeros over what is not meant to be found any more; other writes may cover them."""
    stale = [*there.stale, range(max(last, insertion.at), insertion.at + insertion.count)]
    table = gpt(medium.source)
    if table is not None and insertion.count and insertion.until is None:
        behind = medium.source.size // SECTOR
        stale.append(range(table.backup_start // PER_SECTOR, behind))
    for each in sorted(set(stale), key=lambda each: each.start):
        if each:
            content = bytes(len(each) * SECTOR)
            yield Write(at=each.start * SECTOR, content=content, title="blank")


def _images(edited: Draft, insertion: Insertion) -> Iterator[Write]:
    for each in edited.writes():
        moves = insertion.count and insertion.moves(each.at // SECTOR)
        moved = insertion.count * SECTOR if moves else 0
        yield Write(at=each.at + moved, content=each.content, title="EFI boot image")


def _contents(
    files: Mapping[str, bytes | Span], places: Mapping[str, Placement]
) -> Iterator[Write]:
    for path, content in files.items():
        at = places[path].sector * SECTOR
        if isinstance(content, bytes):
            content = content.ljust(sectors(len(content)) * SECTOR, b"\0")  # noqa: PLW2901
        if length_of(content):
            yield Write(at=at, content=content, title=path)


def _tables(medium: Survey, insertion: Insertion, *, size: int) -> Iterator[Write]:
    for at, content in partitions.mended(medium.source, insertion, size=size):
        yield Write(at=at, content=content, title="partition table")
