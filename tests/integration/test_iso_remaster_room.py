"""Media without room: images that grow, directories that move, trees that are large or deep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import small_media
from remastering import WISHES, change, extracted, judge, problems

from builder.iso import tree
from builder.iso.patch import Patched
from builder.iso.source import Source, opened
from builder.iso.survey import survey
from builder.media.edits import Edits
from builder.media.remaster import planned

pytestmark = small_media.NEEDED

_TIGHT = [name for name in small_media.MAKERS if name.endswith("no-pad")]


@pytest.mark.parametrize("size", [1, 100, 6000])
@pytest.mark.parametrize("maker", _TIGHT)
def test_images_that_have_to_grow(maker: str, size: int, tmp_path: Path) -> None:
    original = small_media.mastered([maker], tmp_path)[maker]
    kickstart = "#" * 1023 * size + "\n"
    result = change(original, Edits(kickstart=kickstart)).path
    judge(original, result, tmp_path, kickstart)


def _fillings(maker: str, length: int, folder: Path) -> Iterator[Path]:
    """Yield media with one more file in the root each time."""
    plant = small_media.plant_grub if maker == "grub" else small_media.plant
    planted = plant(folder / f"tree-{length}")
    for number in range(34):
        (planted / f"{number:02}{'n' * length}").write_bytes(b"x")
        yield small_media.MAKERS[maker](planted, folder / "a.iso")


def _moved(original: Path) -> tuple[bool, ...]:
    """Tell for each tree whether adding the kickstart moves the root."""
    patch = planned(original, WISHES)
    with opened(original) as source:
        before, after = _roots(source), _roots(Patched(source, patch))
    return tuple(old != new for old, new in zip(before, after, strict=True))


def _roots(source: Source) -> list[int]:
    return [each.descriptor.root.extent for each in survey(source).trees]


@pytest.mark.parametrize(
    ("maker", "length", "moved"),
    [
        ("genisoimage", 20, (True, False)),
        ("genisoimage", 37, (False, True)),
        ("genisoimage", 20, (True, True)),
        ("xorriso", 20, (True, False)),
        ("xorriso", 20, (False, True)),
        ("grub", 20, (True, False, True, False)),
        ("grub", 20, (False, True, False, True)),
    ],
)
def test_root_directories_that_are_full(
    maker: str, length: int, moved: tuple[bool, ...], tmp_path: Path
) -> None:
    fitting = (iso for iso in _fillings(maker, length, tmp_path) if _moved(iso) == moved)
    original = next(fitting, None)
    if original is None:
        pytest.skip("these tools write other records")
    result = change(original).path
    judge(original, result, tmp_path)
    once = result.read_bytes()
    again = change(result, output=tmp_path / "again.iso").path
    assert again.read_bytes() == once


def test_thousands_of_files(tmp_path: Path) -> None:
    planted = small_media.plant(tmp_path / "tree", files=4000)
    original = small_media.by_genisoimage(planted, tmp_path / "a.iso")
    result = change(original).path
    judge(original, result, tmp_path)


@pytest.mark.parametrize("depth", [6, 8, 14])
def test_deep_trees(depth: int, tmp_path: Path) -> None:
    planted = small_media.plant(tmp_path / "tree")
    deepest = planted.joinpath(*(f"level-{number}" for number in range(depth)))
    deepest.mkdir(parents=True)
    (deepest / "treasure").write_text("deep")
    original = small_media.by_genisoimage(planted, tmp_path / "a.iso", more=("-quiet",))
    judge(original, change(original).path, tmp_path)


def test_directories_nested_too_deep_follow_when_the_root_moves(tmp_path: Path) -> None:
    deepest = tmp_path.joinpath("tree-20", *(f"level-{number}" for number in range(14)))
    fillings = _fillings("genisoimage", 20, tmp_path)
    next(fillings)
    deepest.mkdir(parents=True)
    (deepest / "treasure").write_text("deep")
    original = next(iso for iso in fillings if _moved(iso)[0])
    result = change(original).path
    assert problems(result) == ()
    # Not bsdtar: libarchive wants such directories in an order that only genisoimage knows.
    before, after = extracted(original, tmp_path / "x"), extracted(result, tmp_path / "y")
    assert after.keys() == before.keys() | {"ks.cfg"}
    path = str(deepest.relative_to(tmp_path / "tree-20") / "treasure")
    assert path in after
    with opened(result) as source:
        for each in survey(source).trees:
            found = tree.Finder(source, each).find(path)
            assert found is not None
            assert source.read(found.at, found.record.length) == b"deep"
