"""Patches: seen through, and really applied."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.iso.patch import Draft, IsoPatch, Patched, Span, Write
from builder.iso.source import Memory

_SIZE = 5000
_SOURCE = Memory(bytes(range(250)) * 20)

_OWN = st.builds(
    Write,
    at=st.integers(0, 9000),
    content=st.binary(max_size=3000)
    | st.builds(Span, at=st.integers(0, 2000), length=st.integers(0, 3000)),
    title=st.just(""),
)


def _applied(patch: IsoPatch) -> bytes:
    """Do what writing the patch to a file would do."""
    image = bytearray(_SOURCE.read(0, _SIZE).ljust(patch.size, b"\0"))
    for write in patch.writes:
        content = write.content
        if isinstance(content, Span):
            content = _SOURCE.read(content.at, content.length)
        image[write.at : write.at + len(content)] = content
    return bytes(image)


@pytest.fixture(autouse=True, scope="module")
def _blocks() -> Iterator[None]:
    """Let ranges cross blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builder.iso.patch._BLOCK", 1000)
        yield


@given(writes=st.lists(_OWN, max_size=6), ranges=st.lists(st.integers(0, 12000), min_size=2))
def test_seen_through_is_as_applied(writes: list[Write], ranges: list[int]) -> None:
    patch = IsoPatch(writes=tuple(writes), size=12000)
    view, expected = Patched(_SOURCE, patch), _applied(patch)
    for pair in pairwise(ranges):
        start, end = sorted(pair)
        assert view.read(start, end - start) == expected[start:end]


def test_spans_of_other_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    write = Write(at=10, content=Span(path=path, at=2, length=5), title="")
    view = Patched(_SOURCE, IsoPatch(writes=(write,), size=_SIZE))
    assert view.read(9, 7) == b"\x0923456\x0f"
    assert view.read(12, 2) == b"45"


_EDITS = st.lists(st.tuples(st.integers(0, 9000), st.binary(max_size=5000)), max_size=6)


@given(edits=_EDITS)
def test_a_draft_is_what_it_writes(edits: list[tuple[int, bytes]]) -> None:
    draft, image = Draft(_SOURCE), bytearray(_SOURCE.read(0, _SIZE))
    for at, content in edits:
        if content:
            draft.write(at, content)
            image.extend(bytes(max(at + len(content) - len(image), 0)))
            image[at : at + len(content)] = content
    assert draft.size == len(image)
    assert draft.read(0, draft.size) == bytes(image)
    size = -(-draft.size // 2048) * 2048
    view = Patched(_SOURCE, IsoPatch(writes=draft.writes(), size=size))
    assert view.read(0, draft.size) == bytes(image)


def test_what_is_the_same_is_not_written() -> None:
    draft = Draft(_SOURCE)
    draft.write(100, _SOURCE.read(100, 50))
    assert draft.writes() == ()
