"""From the bytes of a terminal to lines: whatever the chunks, whatever the guest writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.record.terminal import Lines, without_intrusions

CASES = [
    ("plain lines", b"one\ntwo\n", ["one", "two"]),
    ("line breaks of a terminal", b"one\r\ntwo\r\n", ["one", "two"]),
    ("a bare carriage return ends a line", b" 10%\r 20%\r\n", ["10%", "20%"]),
    ("empty lines go", b"\n \n\t\n\r\n", []),
    ("colours go", b"\x1b[1;31mred\x1b[0m and \x1b[mplain\n", ["red and plain"]),
    ("private modes go", b"\x1b[?25l\x1b[?1049hhidden\x1b[>4;2m\n", ["hidden"]),
    ("cursor shapes go", b"\x1b[2 qshape\n", ["shape"]),
    ("a cursor move ends a line", b"first\x1b[24;1Hsecond\x1b[2Athird\n", "first second third"),
    ("so do column and row moves", b"a\x1b[5Gb\x1b[7dc\x1b[1;23rd\n", "a b c d"),
    ("and index, next line, reverse index", b"a\x1bDb\x1bEc\x1bMd\n", "a b c d"),
    ("titles end with BEL", b"\x1b]0;anaconda\x07text\n", ["text"]),
    ("titles end with ST", b"\x1b]2;main\x1b\\text\n", ["text"]),
    ("character sets and keypads go", b"\x1b(B\x1b)0\x1b=\x1b>text\x1b7\x1b8\x1bc\n", ["text"]),
    ("control characters go, tabs stay", b"be\x07l\x08l\x00\tx\x7f\n", ["bell\tx"]),
    ("UTF-8 is text", "ü 文\n".encode(), ["ü 文"]),
    ("what is no UTF-8 is replaced", b"\xff\xfe!\n", ["\ufffd\ufffd!"]),
]


@pytest.mark.parametrize(
    ("data", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_lines_however_they_are_split(data: bytes, expected: list[str] | str) -> None:
    wanted = expected.split() if isinstance(expected, str) else expected
    for position in range(len(data) + 1):
        lines = Lines()
        assert lines.feed(data[:position]) + lines.feed(data[position:]) == wanted


PIECES = st.sampled_from(
    [
        *(bytes([byte]) for byte in b"aB1;[]\\\x1b\r\n\x07(? "),
        *(b"\x1b[", b"\x1b]", b"\x1b[1;2H", b"\x1b[0m", b"\x1b7", "ß".encode()),
    ]
)


@given(st.lists(PIECES, max_size=60).map(b"".join))
def test_byte_by_byte_is_the_same_as_at_once(data: bytes) -> None:
    whole, single = Lines(), Lines()
    at_once = whole.feed(data)
    one_by_one = [line for byte in data for line in single.feed(bytes([byte]))]
    assert (one_by_one, single.pending()) == (at_once, whole.pending())


@given(st.binary(max_size=300))
def test_lines_are_clean_whatever_comes(data: bytes) -> None:
    lines = Lines()
    for line in [*lines.feed(data + b"\n"), lines.pending()]:
        assert not set(line) & {"\x1b", "\n", "\r", "\x00", "\x7f"}
        assert line == line.strip()


@pytest.mark.parametrize("tail", [b"\x1b7\r\n", b"\x1b[K\n", b"\x1b(B\r\n", b"\x1b8\n 12"])
def test_a_line_does_not_wait_for_what_follows(tail: bytes) -> None:
    assert Lines().feed(b"the last words" + tail) == ["the last words"]


@pytest.mark.parametrize(
    "begun", [b"", b" ", b"\x1b", b"\x1b[", b"\x1b[0", b"\x1b[?25", b"\x1b[0m"]
)
def test_a_prompt_is_pending_without_line_break(begun: bytes) -> None:
    lines = Lines()
    assert lines.feed(b"\r\nlocalhost login:" + begun) == []
    assert lines.pending() == "localhost login:"


def test_a_guest_without_line_breaks_cannot_fill_the_memory() -> None:
    lines = Lines()
    for _ in range(64):
        assert lines.feed(b"x" * 65536) == []
    assert len(lines.pending()) <= 65536
    assert len(lines.feed(b"\n")[0]) <= 65536


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"local[   80.862674] EXT4-fs: resized\r\nhost login: ", b"localhost login: "),
        (b"localhost[12345.678901] one\r\n[12345.678902] two\r\n login: ", b"localhost login: "),
        (
            b"localhost [   90.548240] EXT4-fs (sda1): resizing\r\nlogin: [   90.661111] EXT4\r\n",
            b"localhost login: ",
        ),
        (b"localhost login: [    1.000000] one", b"localhost login: "),
        (b"lo[    1.000000] one\r\nwho[    2.000000] two\r\nle\r\n", b"lowhole\r\n"),
        (b"[    1.000000] one\r\n[    2.000000] two\r\nlogin: ", None),
        (b"an array[3] and a time[1.5] stay\r\n", None),
    ],
)
def test_lines_that_the_kernel_broke_into(data: bytes, expected: bytes | None) -> None:
    assert without_intrusions(data) == (expected or data)


@pytest.mark.parametrize(
    ("kept", "added"),
    [
        ("[    1.000000] one" * 200, "\rtwo"),  # no kernel's line: it has no end, and is too long
        ("[    1.000000] " + 2049 * "x", "\r\n"),
    ],
)
def test_what_is_too_long_for_the_kernel_stays(kept: str, added: str) -> None:
    data = f"login: {kept}{added}".encode()
    assert without_intrusions(data) == data


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_move_may_come_in_pieces(before: int, inside: int) -> None:
    """Wherever it is cut, and however much of the line was there before."""
    data = before * b"x" + b"\x1b[12;34Hy\x1b[1;2H"
    lines, at = Lines(), min(before + inside, len(data))
    found = [*lines.feed(data[:at]), *lines.feed(data[at:]), *lines.feed(b"\n")]
    assert found == [*([before * "x"] if before else []), "y"]
