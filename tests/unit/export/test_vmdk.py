"""A VMDK as a stream: what is written, and what is found wrong with it."""

import random
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.errors import HostError, UsageError
from builder.export import vmdk, vmdk_check, vmdk_stream
from builder.monitor import Progress, SilentMonitor
from tests.values import Golden

GRAIN, SPAN, SECTOR = 64 << 10, 32 << 20, 512
DISKS = {
    "empty": (SPAN, {}),
    "no size": (0, {}),
    "first and last": (SPAN, {0: b"a", SPAN - 1: b"z"}),
    "not whole grains": (GRAIN + SECTOR, {GRAIN: b"x" * SECTOR}),
    "a hole of a table": (3 * SPAN + GRAIN, {5: b"a", 3 * SPAN: b"b" * GRAIN}),
    "zeros that are written": (2 * GRAIN, {0: bytes(GRAIN), GRAIN: b"a"}),
}


@contextmanager
def silent() -> Iterator[Progress]:
    with SilentMonitor().progress("") as progress:
        yield progress


def disk(path: Path, size: int, data: dict[int, bytes]) -> Path:
    with path.open("wb") as file:
        for at, content in data.items():
            file.seek(at)
            file.write(content)
        file.truncate(size)
    return path


def written(folder: Path, size: int, data: dict[int, bytes]) -> Path:
    """Write a disk that has the data at their places, and holes, from pieces of two tables."""
    path = folder / "x.vmdk"
    text = vmdk.descriptor(name=path.name, capacity=size, content="00000abc")
    with silent() as progress:
        pieces = _pieces(folder / "piece", size, data)
        vmdk_stream.write(pieces, path, size=size, descriptor=text, progress=progress)
    return path


def _pieces(piece: Path, size: int, data: dict[int, bytes]) -> Iterator[Path]:
    for start in range(0, size, 2 * SPAN):
        length = min(2 * SPAN, size - start)
        here = {at - start: x for at, x in data.items() if 0 <= at - start < length}
        yield disk(piece, length, here)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Two grains under two tables: sectors 128 and 134, tables at 130 and 136."""
    return written(tmp_path, 2 * SPAN, {GRAIN: b"a", SPAN: b"b"})


@pytest.mark.parametrize(("size", "data"), DISKS.values(), ids=DISKS.keys())
def test_a_stream_holds_the_disk(tmp_path: Path, size: int, data: dict[int, bytes]) -> None:
    found = dict(vmdk_check.grains(written(tmp_path, size, data)))
    expected: dict[int, bytes] = {}
    for at, content in data.items():
        start = at // GRAIN * GRAIN
        if any(content):
            expected[start] = bytes(at - start) + content.ljust(GRAIN - at + start, b"\0")
    assert found == expected


def test_the_end_of_a_stream(whole: Path) -> None:
    """By hand, as the specification has it: the last of all is what a reader looks for first."""
    content = whole.read_bytes()
    sectors = [content[at : at + SECTOR] for at in range(0, len(content), SECTOR)]
    markers = {at: struct.unpack_from("<QII", sectors[at]) for at in (129, 135, -5, -3, -1)}
    assert markers == {
        129: (4, 0, 1),
        135: (4, 0, 1),
        -5: (1, 0, 2),
        -3: (1, 0, 3),
        -1: (0, 0, 0),
    }
    assert struct.unpack_from("<Q", sectors[0], 56) == (2**64 - 1,)
    assert struct.unpack_from("<Q", sectors[-2], 56) == (len(sectors) - 4,)
    assert struct.unpack_from("<3I", sectors[-4]) == (130, 136, 0)


@pytest.mark.parametrize(
    ("at", "content", "problem"),
    [
        (0, b"COWD", "it is no VMDK"),
        (10, b"\0", "it has no markers"),
        (56, bytes(8), "its directory is not said to be at its end"),
        (64, bytes(8), "its grains begin at an unusual place"),
        (64, b"\xff" * 8, "its grains begin at an unusual place"),
        (28, bytes(8), "it has no descriptor"),
        (512 + 90, b"\0", "its descriptor"),
        (512, b"#!", "its descriptor does not begin as one"),
        (127 * SECTOR, b"\1", "there is something beside its descriptor"),
        (128 * SECTOR, b"\1", "a grain begins inside another"),
        (128 * SECTOR + 8, b"\xff\xff\xff", "a grain is too large"),
        (128 * SECTOR + 12, b"\0", "a grain cannot be unpacked"),
        (128 * SECTOR + 20, b"\xff", "a grain cannot be unpacked"),
        (129 * SECTOR, b"\xff" * 8, "a grain table has another size"),
        (129 * SECTOR + 16, b"\1", "there is something behind a marker"),
        (130 * SECTOR, b"\1", "a grain table has other grains"),
        (-1, b"\1", "its end-of-stream marker is not empty"),
        (-2 * SECTOR + 56, b"\1", "the footer is not the header"),
        (-4 * SECTOR, b"\1", "the directory has other tables"),
    ],
)
def test_damage_is_found(whole: Path, at: int, content: bytes, problem: str) -> None:
    damaged = bytearray(whole.read_bytes())
    at %= len(damaged)
    damaged[at : at + len(content)] = content
    whole.write_bytes(damaged)
    with pytest.raises(HostError, match=problem):
        [*vmdk_check.grains(whole)]


EXTREMES = (0, 1, 127, 511, 512, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1)
FIELDS = (0, 4, 8, 12, 16, 20, 24, 28, 36, 44, 48, 56, 64, 72, 73, 77)
"""Where values of a header or a marker begin."""


def mutated(content: bytes, seed: int) -> bytes:
    """Damage a VMDK as disks and cables do, and as nobody would: the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # the same each time
    damaged = bytearray(content)
    count = len(content) // SECTOR
    one, other = (SECTOR * chance.choice([0, 1, *range(128, count)]) for _ in range(2))
    at = chance.randrange(len(content))
    match seed % 7:
        case 0:
            damaged[at] ^= 1 << chance.randrange(8)
        case 1:
            form, value = chance.choice(("<I", "<Q")), chance.choice(EXTREMES)
            value &= (1 << 8 * struct.calcsize(form)) - 1
            struct.pack_into(form, damaged, one + chance.choice(FIELDS), value)
        case 2:
            del damaged[at:]
        case 3:
            damaged[one : one + SECTOR], damaged[other : other + SECTOR] = (
                content[other : other + SECTOR],
                content[one : one + SECTOR],
            )
        case 4:
            damaged[one : one + SECTOR] = bytes(SECTOR)
        case 5:
            damaged[one:one] = content[one : one + SECTOR]
        case _:
            length = chance.randrange(1, 64)
            damaged[at : at + length] = chance.randbytes(length)
    return bytes(damaged)


def test_no_damage_is_called_right(tmp_path: Path) -> None:
    """What is let through holds the same disk, and whatever else is there is a HostError."""
    noise = random.Random(5).randbytes  # noqa: S311  # the same each time
    data = {GRAIN: noise(3000), 7 * GRAIN: b"a" * 100, SPAN: b"b" * GRAIN, 2 * SPAN: noise(GRAIN)}
    path = written(tmp_path, 2 * SPAN + GRAIN, data)
    content, expected = path.read_bytes(), dict(vmdk_check.grains(path))
    refused = 0
    for seed in range(420):
        path.write_bytes(mutated(content, seed))
        try:
            found = dict(vmdk_check.grains(path))
        except HostError:
            refused += 1
        else:
            assert found == expected, seed
    assert refused > 380


def test_a_grain_asks_for_no_more_memory_than_it_may(tmp_path: Path, whole: Path) -> None:
    """A few KiB of a zlib stream can be unpacked to MiB."""
    bomb = zlib.compress(bytes(64 << 20), 9)[: 100 << 10]
    content = bytearray(whole.read_bytes())
    struct.pack_into("<QI", content, 128 * SECTOR, 128, len(bomb))
    padded = bomb.ljust(-(-(12 + len(bomb)) // SECTOR) * SECTOR - 12, b"\0")
    bad = tmp_path / "bomb.vmdk"
    bad.write_bytes(content[: 128 * SECTOR + 12] + padded + content[130 * SECTOR :])
    tracemalloc.start()
    with pytest.raises(HostError, match="cannot be unpacked"):
        [*vmdk_check.grains(bad)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20


@pytest.mark.parametrize("length", [1, SECTOR, 126 * SECTOR])
def test_nothing_comes_behind_the_end(whole: Path, length: int) -> None:
    with whole.open("ab") as file:
        file.write(bytes(length))
    with pytest.raises(HostError, match="goes on behind its end"):
        [*vmdk_check.grains(whole)]


@pytest.mark.parametrize("lost", [1, SECTOR, 3 * SECTOR])
def test_a_cut_end_is_found(whole: Path, lost: int) -> None:
    with whole.open("r+b") as file:
        file.truncate(whole.stat().st_size - lost)
    with pytest.raises(HostError, match="ends before"):
        [*vmdk_check.grains(whole)]


def test_descriptor(golden: Golden) -> None:
    found = vmdk.descriptor(name='a"\\1é.vmdk', capacity=20 * 2**30 + 1, content="00000abc")
    golden("export/descriptor.vmdk", found.decode())


def test_a_name_that_is_too_long() -> None:
    with pytest.raises(UsageError, match="too long"):
        vmdk.descriptor(name="x" * 10240, capacity=1, content="00000abc")


def test_a_file_that_tables_cannot_describe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vmdk_stream, "_LAST_SECTOR", 130)
    with pytest.raises(UsageError, match="cannot be larger than 2 TiB"):
        written(tmp_path, SPAN, {0: b"a", GRAIN: b"b", 2 * GRAIN: b"c"})
