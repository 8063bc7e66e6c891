"""Versions of rpms."""

import ctypes
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builder.model.evr import Evr, newest

# Each is older than the next one; what stands in one row is the same to rpm.
_LADDER = [
    ["~~", "~~."],
    ["~", "0:~."],
    ["~a"],
    ["~1"],
    ["", "0:", "-", "._+"],
    ["^"],
    ["a", "a.", ".a"],
    ["a.1"],
    ["b"],
    ["1.0~beta1-1", "0:1.0~beta1-1", "1.0~beta.01-1"],
    ["1.0~rc1^git1-1"],
    ["1.0~rc1.1-1"],
    ["1.0-1~a"],
    ["1.0-1", "01.00-01", "1..0-1", "1.0.-1", "0:1.0-1", ":1.0-1"],
    ["1.0-1^20200101"],
    ["1.0-1.a"],
    ["1.0-1.1", "1.0-1_1"],
    ["1.0-9.el9"],
    ["1.0-10.el9"],
    ["1.0-10.el9_4"],
    ["1.0-10.el9_10"],
    ["1.0^git1-1"],
    ["1.0^git2-1"],
    ["1.0a-1", "1.0.a-1"],
    ["1.0b-1"],
    ["1.0.0-1"],
    ["1.0.1-1"],
    ["1.5-1"],
    ["1.10-1"],
    ["20240101-1"],
    ["99999999999999999999999999-1"],
    ["100000000000000000000000000-1"],
    ["1:0.5-1", "01:0.5-1"],
    ["10:0-1"],
]
_STEPS = [(one, two) for row, above in pairwise(_LADDER) for one in row for two in above]
_SAME = [(row[0], other) for row in _LADDER for other in row[1:]]


@pytest.mark.parametrize(("older", "newer"), _STEPS)
def test_which_is_newer(older: str, newer: str) -> None:
    assert Evr.parse(newer).is_newer_than(Evr.parse(older))
    assert not Evr.parse(older).is_newer_than(Evr.parse(newer))


@pytest.mark.parametrize(("one", "other"), _SAME)
def test_neither_is_newer(one: str, other: str) -> None:
    assert Evr.parse(one).key == Evr.parse(other).key


def test_all_of_the_ladder_is_in_order() -> None:
    rows = [Evr.parse(row[0]) for row in _LADDER]
    assert sorted(reversed(rows), key=lambda each: each.key) == rows
    assert newest(rows) == rows[-1]


@pytest.mark.parametrize(
    ("text", "epoch", "version", "release", "shown"),
    [
        ("5.14.0-611.el9", "0", "5.14.0", "611.el9", "5.14.0-611.el9"),
        ("0:5.14.0-611.el9", "0", "5.14.0", "611.el9", "5.14.0-611.el9"),
        ("32:9.16.23-29.el9_6", "32", "9.16.23", "29.el9_6", "32:9.16.23-29.el9_6"),
        ("1.0", "0", "1.0", "", "1.0"),
        ("", "0", "", "", ""),
    ],
)
def test_parts(text: str, epoch: str, version: str, release: str, shown: str) -> None:
    found = Evr.parse(text)
    assert (found, str(found)) == (Evr(epoch, version, release), shown)


def _librpm() -> Callable[[bytes, bytes], int] | None:
    """Return rpm's own comparison of two versions, where its library is there."""
    for name in ("librpmio.so.10", "librpmio.so.9", "librpm.so.8"):
        try:
            compare = ctypes.CDLL(name).rpmvercmp
        except (OSError, AttributeError):
            continue
        compare.argtypes, compare.restype = (ctypes.c_char_p, ctypes.c_char_p), ctypes.c_int
        return lambda one, other: int(compare(one, other))
    return None


_COMPARE = _librpm()
_TEXTS = st.one_of(
    st.text("019ab~^.-_+Z", max_size=8),
    st.lists(st.sampled_from(["1", "10", "02", "a", "rc", "~", "^", ".", "_el9"])).map("".join),
    st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=6),
)


@pytest.mark.skipif(_COMPARE is None, reason="no librpm here")
@given(one=_TEXTS, other=_TEXTS)
@example(one="1.0^", other="1.0~")
@example(one="1.", other="1")
def test_rpm_itself_says_the_same(one: str, other: str) -> None:
    assert _COMPARE is not None
    ours, theirs = Evr(version=one).key, Evr(version=other).key
    assert (ours > theirs) - (ours < theirs) == _COMPARE(one.encode(), other.encode())
