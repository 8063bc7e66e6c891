"""Bytes go in and come out as they are, and what is between is a text that JSON can hold."""

import random

import msgspec
import pytest

from builder.model.octets import decoded, encoded, odd, readable


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "caf\ufffd"),
        (b"\xc3", "\ufffd"),
        (b"\xed\xb2\x80", "\ufffd" * 3),
        ("\U0010ffe9".encode(), "\ufffd" * 4),
        (b"a\r\nb\r\0\x7f", "a\r\nb\r\0\x7f"),
    ],
)
def test_what_people_see(data: bytes, text: str) -> None:
    assert readable(decoded(data)) == text
    assert odd(decoded(data)) == ("\ufffd" in text)
    assert encoded(decoded(data)) == data


def test_any_bytes_come_back() -> None:
    draw = random.Random(17)  # noqa: S311  # no secret
    parts = [bytes([each]) for each in range(256)] + ["é€😀\U0010ffe9\U0010ff7f".encode()]
    for _ in range(2000):
        data = b"".join(draw.choices(parts, k=draw.randrange(12)))
        text = msgspec.json.decode(msgspec.json.encode(decoded(data)), type=str)
        assert encoded(text) == data
