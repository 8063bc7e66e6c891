"""Where two readers of an ISO differ is said in a sentence."""

import pytest

from builder.media.second_reader import File, Reading, Shown, differences, moved

_FILES: list[File] = [("/a", 30, 5, "A"), ("/b/c", 31, 9, "C")]


def _reading(
    plain: list[File] = _FILES, joliet: list[File] = _FILES, images: tuple[int, ...] = (40, 50)
) -> Reading:
    return Reading(plain, joliet, list(images))


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (_reading(), []),
        (_reading(_FILES[::-1], images=(50, 40)), []),
        (_reading(images=(40,)), ["finds other boot images."]),
        (_reading([("/a", 30, 5, ""), *_FILES[1:]]), []),
        (_reading([("/a", 30, 5, "B"), *_FILES[1:]]), ["sees /a otherwise (ISO 9660)."]),
        (_reading(_FILES[:1]), ["sees /b/c otherwise (ISO 9660)."]),
        (_reading(joliet=[("/a", 30, 6, "A"), *_FILES[1:]]), ["sees /a otherwise (Joliet)."]),
        (
            _reading([*_FILES, *((f"/{number}", 1, 1, "") for number in range(5))]),
            ["sees /0, /1, /2 and 2 more otherwise (ISO 9660)."],
        ),
    ],
)
def test_differences(other: Reading, found: list[str]) -> None:
    named = [f"A second reader, pycdlib, {each}" for each in found]
    assert list(differences(_reading(), other)) == named


_SHOWN: list[Shown] = [("/a", 30, 5), ("/b/c", 31, 9)]


@pytest.mark.parametrize(
    ("joliet", "right"),
    [
        (_SHOWN, True),
        (_SHOWN[:1], True),  # the other one is hidden
        ([("/A", 32, 5), *_SHOWN], True),
        ([("/a", 32, 5)], False),
        ([("/a", 30, 0)], False),
    ],
)
def test_a_file_is_the_same_in_both_trees(joliet: list[Shown], *, right: bool) -> None:
    found = ["/a is another file by ISO 9660 than by Joliet."]
    assert list(moved(_SHOWN, joliet)) == ([] if right else found)


def test_a_file_may_have_sections() -> None:
    sections: list[Shown] = [("/large", 30, 1 << 31), ("/large", 1 << 20, 7)]
    assert list(moved(sections, sections)) == []
