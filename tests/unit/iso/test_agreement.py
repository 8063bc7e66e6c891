"""Files that several trees name, and files that share a place."""

import pytest

from builder.iso import agreement

Place = tuple[int, int]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ([], [], False),
        ([(30, 7)], [], False),  # hidden in the other
        ([(30, 7)], [(40, 9)], False),  # each hides one
        ([(30, 7)], [(31, 7)], True),
        ([(30, 7)], [(30, 8)], True),
    ],
)
def test_what_only_one_tree_has(one: list[Place], other: list[Place], *, differ: bool) -> None:
    assert agreement._differ(set(one), set(other)) is differ  # noqa: SLF001


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([(30, 2048), (31, 1)], []),
        ([(30, 4096), (30, 2000)], []),
        ([(30, 2049), (31, 1)], [31]),
        ([(30, 9000), (33, 1), (40, 1)], [33]),
    ],
)
def test_files_share_a_place_as_a_whole(places: list[Place], found: list[int]) -> None:
    said = agreement._overlaps(set(places))  # noqa: SLF001
    assert list(said) == [f"A file begins at sector {each}, in another one." for each in found]
