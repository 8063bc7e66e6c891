"""Partition tables after sectors were put in between."""

import struct
import zlib

import pytest

from builder.iso import partition_check, partitions
from builder.iso.partitions import Insertion
from builder.iso.patch import Draft
from builder.iso.source import Memory

_SIZE = 4 << 20
_END = _SIZE // 512
_VOLUME = 1600  # sectors: where the volume ends
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRIES = ((64, _VOLUME * 4), (_VOLUME * 4, _VOLUME * 4 + 400), (_VOLUME * 4 + 400, _END - 64))
_GROWN = Insertion(at=_VOLUME, count=100)
_TAKEN_UP = Insertion(at=_VOLUME, count=10, until=(_END - 64) // 4)


def _header(*, here: int, other: int, place: int, entries: bytes) -> bytes:
    fields = [b"EFI PART", 1 << 16, 92, 0, 0, here, other, 34, max(here, other) - 33, b"disk"]
    fields += [place]
    fields += [len(entries) // 128, 128, zlib.crc32(entries)]
    fields[3] = zlib.crc32(_HEADER.pack(*fields))
    return _HEADER.pack(*fields)


def _image(
    *, gpt: bool = True, apple: bool = False, entries: int = 128, last: int = _END - 1
) -> Memory:
    image = bytearray(_SIZE)
    image[510:512] = b"\x55\xaa"
    struct.pack_into("<8BII", image, 446, 0x80, 0, 1, 0, 0, 63, 32, 3, 0, _END)
    struct.pack_into("<8BII", image, 462, 0, 254, 255, 255, 239, 254, 255, 255, _VOLUME * 4, 400)
    if gpt:
        table = bytearray(128 * entries)
        for number, (start, end) in enumerate(_ENTRIES):
            struct.pack_into("<16s16sQQ", table, 128 * number, b"type", b"guid", start, end - 1)
        first = last - entries // 4
        place = 16 if apple else 2
        image[512:604] = _header(here=1, other=last, place=place, entries=bytes(table))
        image[place * 512 : place * 512 + len(table)] = table
        image[first * 512 : first * 512 + len(table)] = table
        header = _header(here=last, other=1, place=first, entries=bytes(table))
        image[last * 512 : last * 512 + 92] = header
    if apple:
        image[:4] = b"ER\x08\0"
        for number, (first, count) in enumerate(((1, 2), (_VOLUME, 100)), start=1):
            kind = b"Apple_partition_map" if number == 1 else b"Apple_Free"
            name = b"Apple".ljust(32, b"\0") + kind
            struct.pack_into(">2sHIII", image, 2048 * number, b"PM", 0, 2, first, count)
            image[2048 * number + 91] = 3  # valid, allocated
            image[2048 * number + 16 : 2048 * number + 16 + len(name)] = name
    return Memory(bytes(image))


def _mended(source: Memory, insertion: Insertion, size: int) -> Draft:
    draft = Draft(source)
    for at, content in partitions.mended(source, insertion, size=size):
        draft.write(at, content)
    draft.write(size - 1, b"\0")  # as long as that, with nothing at its end
    return draft


def test_the_tables_of_the_image_are_right() -> None:
    assert tuple(partition_check.problems(_image())) == ()
    found = partitions.partitions(_image())
    assert [(each.table, each.number) for each in found] == [
        ("MBR", 1), ("MBR", 2), ("GPT", 1), ("GPT", 2), ("GPT", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("last", [_END - 2, _END - 20])
def test_a_backup_is_where_its_header_says(last: int) -> None:
    """isohybrid until 2013 wrote it a block before the end, xorriso's own commands pad behind."""
    assert tuple(partition_check.problems(_image(last=last))) == ()
    moved = Draft(_image(last=last))
    moved.write(last * 512, bytes(512))
    assert tuple(partition_check.problems(moved)) == ("There is no backup GPT.",)


@pytest.mark.parametrize("apple", [False, True])
@pytest.mark.parametrize("entries", [128, 248, 4])
@pytest.mark.parametrize(("insertion", "size"), [(_GROWN, _SIZE + 100 * 2048), (_TAKEN_UP, _SIZE)])
def test_what_lies_behind_moves_until_a_gap_takes_it_up(
    insertion: Insertion, size: int, entries: int, *, apple: bool
) -> None:
    image = _image(entries=4 if apple else entries, apple=apple)
    after = _mended(image, insertion, size)
    assert tuple(partition_check.problems(after)) == ()
    found = [(each.start, each.end) for each in partitions.partitions(after)]
    end, volume = size // 512, (_VOLUME + insertion.count) * 4
    assert found == [
        (0, end),
        (volume, volume + 400),
        (64, volume),
        (volume, volume + 400),
        (volume + 400, end - 64),
    ]


def test_apples_map_follows() -> None:
    after = _mended(_image(entries=4, apple=True), _GROWN, _SIZE + 100 * 2048)
    assert struct.unpack(">II", after.read(2048 + 8, 8)) == (1, 2)
    assert struct.unpack(">II", after.read(4096 + 8, 8)) == (_VOLUME + 100, 100)


@pytest.mark.parametrize("source", [_image(gpt=False), Memory(bytes(_SIZE))])
def test_media_with_less(source: Memory) -> None:
    after = _mended(source, _GROWN, _SIZE + 100 * 2048)
    assert tuple(partition_check.problems(after)) == ()


def test_nothing_inserted_is_nothing_written() -> None:
    assert partitions.mended(_image(), Insertion(at=_VOLUME), size=_SIZE) == []


@pytest.mark.parametrize(
    ("before", "block", "now", "after"),
    [
        ((63, 32, 3), _END - 1, _END + 2047, (63, 32, 4)),  # isohybrid: 64 heads, 32 sectors
        ((63, 32 | 0xC0, 0xFF), 1024 * 2048 - 1, 1025 * 2048 - 1, (63, 32 | 0xC0, 0xFF)),
        ((254, 63, 0), 255 * 63 - 1, 2 * 255 * 63 - 1, (254, 63, 1)),
        ((37, 16, 2), 5295, 5551, (45, 16, 2)),  # not at a cylinder's end
        ((254, 255, 255), 7, 8, (254, 255, 255)),  # "see the block numbers"
        ((1, 2, 3), 7, 8, (1, 2, 3)),
    ],
)
def test_old_style_addresses(
    before: tuple[int, ...], block: int, now: int, after: tuple[int, ...]
) -> None:
    assert tuple(partitions._cylinders(bytes(before), block, now)) == after  # noqa: SLF001


@pytest.mark.parametrize(
    ("at", "content", "problem"),
    [
        (_SIZE - 512 + 16, b"!", "The backup GPT header has a wrong CRC."),
        (512 + 80, b"\7", "The primary GPT header has a wrong CRC."),
        (1024 + 60, b"name", "The primary GPT's entries have a wrong CRC."),
        (_SIZE - 512, b"no", "There is no backup GPT."),
        (
            446 + 32 + 8,
            struct.pack("<II", _VOLUME * 4 + 399, 9),
            "MBR partitions 2 and 3 overlap.",
        ),
        (446 + 32 + 8, struct.pack("<II", 20, _VOLUME * 4), "MBR partitions 3 and 2 overlap."),
        (446 + 12, bytes(4), "The master boot record's entry 1 makes no sense."),
        (446 + 32 + 12, b"\1", "MBR partitions 3 and 1 overlap."),
        (446 + 12, b"\xff\xff\xff\x00", "MBR partition 1 ends behind the image."),
    ],
)
def test_damage_is_noticed(at: int, content: bytes, problem: str) -> None:
    draft = Draft(_image())
    draft.write(at, content)
    assert problem in tuple(partition_check.problems(draft))


_SECOND = 4096  # byte of the map's second entry


@pytest.mark.parametrize(
    ("at", "content", "problem"),
    [
        (_SECOND + 48, b"ISO9660_data\0", ""),
        (_SECOND + 12, struct.pack(">I", (_SIZE - _VOLUME * 2048) // 512), ""),  # as in EL 7
        (_SECOND + 12, struct.pack(">I", (_SIZE - _VOLUME * 2048) // 512 + 1), "2 ends behind"),
        (_SECOND, b"??", "counts 2 entries, and has 1"),
        (2048 + 4, b"\0\0\0\1", "counts 1 entries, and has 2"),
        (_SECOND + 4, b"\0\0\0\7", "2 is one of 7"),
        (_SECOND + 48, b"Apple_HFS\0", "2 is none of HFS, nor a boot image"),
        (_SECOND + 48, b"\xc1pple_HFS", "2 is of a type that makes no sense"),
        (_SECOND + 48, bytes(32), "2 is of a type that makes no sense"),
        (2048 + 48, b"Apple_partitiOn_map", "has no entry for itself"),
        (2048 + 48, b"Apple_Free".ljust(32, b"\0"), "has no entry for itself"),
        (0, b"ER\x02\0", "nobody reads it"),
        (0, b"\xeb\x3c", "nobody reads it"),
        (2048 + 4, b"\xff\xff\xff\xff", "counts 4294967295 entries, and has 2"),
    ],
)
def test_apples_map(at: int, content: bytes, problem: str) -> None:
    draft = Draft(_image(entries=4, apple=True))
    draft.write(at, content)
    found = " ".join(partition_check.problems(draft))
    assert bool(found) == bool(problem)
    assert problem in found


@pytest.mark.parametrize(
    ("kind", "first", "count", "right"),
    [(0xEE, 1, _END - 1, True), (0xEF, _VOLUME * 4, 400, True), (0, 1, _END - 1, False)],
)
def test_a_gpt_is_protected_or_shared(kind: int, first: int, count: int, *, right: bool) -> None:
    draft = Draft(_image())
    draft.write(446, struct.pack("<B3xB3xII", 0, kind, first, count) + bytes(16))
    assert (not list(partition_check.problems(draft))) is right


def test_a_map_that_is_announced_and_lost() -> None:
    draft = Draft(_image(entries=4, apple=True))
    draft.write(0, b"ER\x08\0")
    draft.write(2048, b"OM")
    (found,) = partition_check.problems(draft)
    assert found.endswith("announces a partition map of Apple's, and there is none.")


@pytest.mark.parametrize(("length", "right"), [(0, True), (100 * 2048, True), (204_801, False)])
def test_a_boot_image_is_in_its_partition(length: int, *, right: bool) -> None:
    draft = Draft(_image(entries=4, apple=True))
    draft.write(_SECOND + 48, b"Apple_HFS\0")
    booted = {_VOLUME * 2048: length}
    assert (not list(partition_check.problems(draft, booted))) is right


@pytest.mark.parametrize(("status", "right"), [(1, True), (2, True), (0x33, True), (0x14, False)])
def test_a_mac_wants_a_partition_that_is_used(status: int, *, right: bool) -> None:
    draft = Draft(_image(entries=4, apple=True))
    draft.write(_SECOND + 48, b"Apple_HFS\0")
    draft.write(_SECOND + 88, struct.pack(">I", 0x40000000 | status))
    assert (not list(partition_check.problems(draft, {_VOLUME * 2048: 0}))) is right


@pytest.mark.parametrize(("kind", "right"), [(b"Apple_HFS\0", True), (b"Apple_HFX\0", False)])
def test_a_mac_finds_its_file_system_by_the_type(kind: bytes, *, right: bool) -> None:
    draft = Draft(_image(entries=4, apple=True))
    draft.write(_VOLUME * 2048 + 1024, b"H+")
    draft.write(_SECOND + 48, kind)
    assert (not list(partition_check.problems(draft))) is right


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [
        (34, _VOLUME * 4 + 399, "partition 3 is in blocks"),
        (34, _END - 65, ""),
        (48, _END - 2, ""),
        (65, _END - 34, "partition 1 is in blocks"),
        (_VOLUME * 4 + 1, _END - 34, "partition 2 is in blocks"),
        (34, _END - 1, "usable, between its two tables"),
        (34, 1 << 40, "usable, between its two tables"),
        (1, _END - 34, "usable, between its two tables"),
        (_END - 40, _END - 41, "usable, between its two tables"),
    ],
)
def test_what_a_gpt_calls_usable(first: int, last: int, problem: str) -> None:
    found = " ".join(partition_check.problems(_changed({7: first, 8: last})))
    assert bool(found) == bool(problem)
    assert problem in found


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (64, _VOLUME * 4, ""),
        (64, _VOLUME * 4 + 1, "partitions 1 and 2 overlap"),  # UEFI skips both
        (_VOLUME * 4 + 399, _VOLUME * 4 + 401, "partitions 2 and 1 overlap"),
        (0, _VOLUME * 4, ""),  # the volume, as isohybrid has it
        (0, 65, "partition 1 is in blocks"),
        (16, _VOLUME * 4, "partition 1 is in blocks"),
    ],
)
def test_partitions_of_a_gpt(start: int, end: int, problem: str) -> None:
    found = " ".join(partition_check.problems(_with_partition(start, end)))
    assert bool(found) == bool(problem), found
    assert problem in found


@pytest.mark.parametrize(("count", "right"), [(192, True), (196, False)])
def test_no_partition_of_a_gpt_begins_in_its_table(count: int, *, right: bool) -> None:
    """isohybrid's may reach into what it calls usable."""
    found = list(partition_check.problems(_image(apple=True, entries=count)))
    assert found == ([] if right else ["GPT partition 1 begins in the table itself."])


def test_only_one_partition_of_a_gpt_has_the_volume() -> None:
    found = list(partition_check.problems(_with_partition(0, _VOLUME * 4, fourth=(0, _END - 65))))
    assert found == ["GPT partitions 1 and 4 begin in the same block."]


@pytest.mark.parametrize(
    ("at", "length", "right"),
    [
        (_VOLUME * 4, 400, True),
        (_VOLUME * 4, 300, True),
        (_VOLUME * 4, 401, False),
        (_VOLUME * 4 - 4, 8, False),
        (_VOLUME * 4 + 396, 8, False),
        (_VOLUME * 4 - 4, 4, True),
    ],
)
def test_no_partition_cuts_a_boot_image(at: int, length: int, *, right: bool) -> None:
    found = list(partition_check.problems(_image(), {at * 512: length * 512}))
    assert (not found) is right


def _with_partition(start: int, end: int, *, fourth: tuple[int, int] = (0, 0)) -> Memory:
    content = bytearray(_image().read(0, _SIZE))
    content[16 * 2048 + 1 : 16 * 2048 + 6] = b"CD001"
    last = _END - 1
    for header, at in ((1, 2), (last, last - 32)):
        struct.pack_into("<QQ", content, at * 512 + 32, start, end - 1)
        struct.pack_into("<QQ", content, at * 512 + 3 * 128 + 32, *fourth)
        content[at * 512 + 3 * 128] = fourth != (0, 0)  # its type
        entries = content[at * 512 : at * 512 + 128 * 128]
        new = _header(here=header, other=1 + last - header, place=at, entries=bytes(entries))
        content[header * 512 : header * 512 + 92] = new
    struct.pack_into("<II", content, 446 + 32 + 8, 0, 0)  # the entry that the image has for it
    return Memory(bytes(content))


def test_a_header_of_a_gpt_has_one_size() -> None:
    found = list(partition_check.problems(_changed({2: 94})))
    assert found == [f"The {each} GPT header has 94 bytes." for each in ("primary", "backup")]


def test_a_gpt_has_one_revision() -> None:
    found = list(partition_check.problems(_changed({1: 0x00010001})))
    assert found == [f"The {each} GPT is of an unknown revision." for each in ("primary", "backup")]


def _changed(numbers: dict[int, int]) -> Draft:
    """Return the image with other numbers in both headers, and their sums as they have to be."""
    draft = Draft(_image())
    for block in (1, _END - 1):
        fields = list(_HEADER.unpack(draft.read(block * 512, 92)))
        for number, value in numbers.items():
            fields[number] = value
        fields[3] = 0
        fields[3] = zlib.crc32(_HEADER.pack(*fields))
        draft.write(block * 512, _HEADER.pack(*fields))
    return draft
