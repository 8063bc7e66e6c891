"""A VMDK as a stream: what is written, and what is found wrong with it."""

import struct
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


def unpacked(packed: bytes) -> bytes:
    """Inflate a grain, behind whose zlib stream there may be nothing."""
    stream = zlib.decompressobj()
    content = stream.decompress(packed)
    assert stream.eof
    assert not stream.unused_data
    assert len(content) == GRAIN
    return content


@pytest.mark.parametrize(("size", "data"), DISKS.values(), ids=DISKS.keys())
def test_a_stream_holds_the_disk(tmp_path: Path, size: int, data: dict[int, bytes]) -> None:
    found = {
        at: unpacked(packed) for at, packed in vmdk_check.grains(written(tmp_path, size, data))
    }
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
        (512 + 90, b"\0", "its descriptor"),
        (128 * SECTOR, b"\1", "a grain begins inside another"),
        (128 * SECTOR + 8, b"\xff\xff\xff", "a grain is too large"),
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
