"""Pictures: PNG and PPM as QEMU writes them, damaged ones, and what counts as a change."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.install.pixels import Raster, alike, decode, encode

WIDTH, HEIGHT = 96, 64
ROW = WIDTH * 3


def black(width: int = WIDTH, height: int = HEIGHT) -> Raster:
    return Raster(width=width, height=height, rgb=bytes(width * height * 3))


def painted(raster: Raster, *boxes: tuple[int, int, int, int]) -> Raster:
    """Return the picture with white boxes: x, y, width, height in pixels."""
    rgb, row = bytearray(raster.rgb), raster.width * 3
    for left, top, width, height in boxes:
        for y in range(top, top + height):
            rgb[y * row + left * 3 : y * row + (left + width) * 3] = b"\xff" * (width * 3)
    return Raster(width=raster.width, height=raster.height, rgb=bytes(rgb))


def ppm(raster: Raster) -> bytes:
    return f"P6\n{raster.width} {raster.height}\n255\n".encode() + raster.rgb


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def filtered(raster: Raster, methods: list[int]) -> bytes:
    """Return the picture as a PNG whose rows have these filters, by the standard's formulas."""
    lines, above = b"", bytes(raster.width * 3)
    for index in range(raster.height):
        row = raster.rgb[index * raster.width * 3 :][: raster.width * 3]
        method = methods[index % len(methods)]
        lines += bytes([method]) + bytes(
            (value - guess(method, row, above, at)) % 256 for at, value in enumerate(row)
        )
        above = row
    header = struct.pack(">IIBBBBB", raster.width, raster.height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"tEXt", b"a\0b"), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def guess(method: int, row: bytes, above: bytes, at: int) -> int:
    left, corner = (row[at - 3], above[at - 3]) if at >= 3 else (0, 0)
    up, estimate = above[at], left + above[at] - corner
    nearest = min((left, up, corner), key=lambda each: abs(estimate - each))
    return (0, left, up, (left + up) // 2, nearest)[method]


SMALL = st.integers(1, 6).flatmap(
    lambda width: st.integers(1, 6).flatmap(
        lambda height: st.binary(min_size=width * height * 3, max_size=width * height * 3).map(
            lambda rgb: Raster(width=width, height=height, rgb=rgb)
        )
    )
)


@given(SMALL)
def test_what_is_written_is_read_again(raster: Raster) -> None:
    assert decode(encode(raster)) == raster
    assert decode(ppm(raster)) == raster


@given(SMALL, st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_every_filter_of_png(raster: Raster, methods: list[int]) -> None:
    assert decode(filtered(raster, methods)) == raster


GOOD = encode(painted(black(), (8, 8, 8, 16)))
BAD = {
    "nothing": b"",
    "another format": b"GIF89a",
    "half a PNG": GOOD[: len(GOOD) // 2],
    "a PNG without a header": GOOD[:8],
    "a palette": GOOD.replace(b"\x08\x02\0\0\0", b"\x08\x03\0\0\0"),
    "no such filter": filtered(black(2, 2), [0])[:8]
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\x09abc")),
    "a size that is a lie": GOOD[:16] + struct.pack(">II", 2**31, 2**31) + GOOD[24:],
    "a PPM that ends early": ppm(black())[:-1],
    "a PPM without pixels": b"P6\n0 0\n255\n",
    "a PPM of 16 bits": b"P6\n1 1\n65535\n123456",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert decode(data) is None


PROMPT = painted(black(), (0, 0, 72, 16))
LIKENESS: dict[str, tuple[Raster, Raster, bool]] = {
    "the same": (PROMPT, PROMPT, True),
    "a cursor in the grid": (PROMPT, painted(PROMPT, (8, 16, 8, 16)), True),
    "a cursor across the grid": (PROMPT, painted(PROMPT, (13, 24, 9, 16)), True),
    "an underline": (PROMPT, painted(PROMPT, (13, 30, 9, 2)), True),
    "a cursor that moved": (
        painted(PROMPT, (13, 24, 9, 16)),
        painted(PROMPT, (85, 24, 9, 16)),
        True,
    ),
    "a word": (PROMPT, painted(PROMPT, (0, 16, 72, 16)), False),
    "another size": (PROMPT, black(WIDTH, HEIGHT + 16), False),
    "a single line of pixels": (PROMPT, painted(PROMPT, (0, 40, WIDTH, 1)), False),
    "the last row, which is not whole": (
        black(20, 20),
        painted(black(20, 20), (0, 18, 20, 2)),
        True,
    ),
}


@pytest.mark.parametrize(("one", "other", "same"), LIKENESS.values(), ids=LIKENESS.keys())
def test_likeness(one: Raster, other: Raster, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same
