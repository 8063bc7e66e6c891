"""A filmstrip: what is kept, and that it stays small."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest

from builder.install.film import Film
from builder.install.pixels import Raster, decode, encode
from builder.model.screen import Screen

WIDTH, HEIGHT = 160, 64


def screen(shade: int, *, cursor: bool = False, suffix: str = ".ppm") -> Screen:
    """Return a picture of one grey, with or without a cursor."""
    rgb = bytearray([shade]) * (WIDTH * HEIGHT * 3)
    if cursor:
        rgb[: 8 * 3] = b"\xff" * 24
    raster = Raster(width=WIDTH, height=HEIGHT, rgb=bytes(rgb))
    data = f"P6\n{WIDTH} {HEIGHT}\n255\n".encode() + raster.rgb
    return Screen(data=encode(raster) if suffix == ".png" else data, suffix=suffix)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("suffix", [".ppm", ".png"])
def test_a_picture_is_kept_when_it_changed(tmp_path: Path, suffix: str) -> None:
    film, folder = Film(tmp_path / "screens"), tmp_path / "screens"
    shown = [(1, False), (1, False), (1, True), (1, False), (2, False), (1, False)]
    kept = [
        film.show(screen(shade, cursor=cursor, suffix=suffix), seconds=at * 2.5)
        for at, (shade, cursor) in enumerate(shown)
    ]
    assert [path and path.name for path in kept] == [
        "0001-0s.png", None, None, None, "0002-10s.png", "0003-12s.png",
    ]  # fmt: skip
    assert names(folder) == ["0001-0s.png", "0002-10s.png", "0003-12s.png"]
    assert decode((folder / "0002-10s.png").read_bytes()) == decode(screen(2).data)


def test_the_last_picture_is_kept_for_a_cursor_too(tmp_path: Path) -> None:
    film = Film(tmp_path)
    film.show(screen(1), seconds=0)
    assert film.show(screen(1, cursor=True), seconds=1) is None
    assert film.show(screen(1), seconds=2, last=True) is None
    assert film.show(screen(1, cursor=True), seconds=3, last=True) == tmp_path / "0002-3s.png"


def test_what_is_no_picture_is_not_kept_unless_it_is_called_png(tmp_path: Path) -> None:
    film = Film(tmp_path)
    assert film.show(Screen(data=b"P6 damaged", suffix=".ppm"), seconds=0) is None
    odd = Screen(data=b"\x89PNG of a kind that we do not read", suffix=".png")
    assert film.show(odd, seconds=1) == tmp_path / "0001-1s.png"
    assert film.show(odd, seconds=2) is None


@pytest.mark.parametrize(
    ("moments", "widest"),
    [
        (range(5), 1),
        (range(6), 2),
        (range(100), 33),
        (range(0, 400, 4), 132),
        ([*range(50), 100, 101, 102, 200, 300], 100),
    ],
)
def test_a_full_strip_is_thinned_out_evenly(
    tmp_path: Path, moments: Iterable[int], widest: int
) -> None:
    film, shown = Film(tmp_path, frames=5), list(moments)
    for shade, moment in enumerate(shown):
        film.show(screen(shade), seconds=moment)
    kept = [int(name.partition("-")[2].removesuffix("s.png")) for name in names(tmp_path)]
    assert (kept[0], kept[-1], len(kept)) == (shown[0], shown[-1], 5)
    assert max(after - before for before, after in pairwise(kept)) <= widest


def test_a_strip_is_bounded_in_bytes(tmp_path: Path) -> None:
    film = Film(tmp_path, size=1000)
    for shade in range(20):
        film.show(screen(shade), seconds=shade)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1000
    assert names(tmp_path)[0] == "0001-0s.png"
    assert names(tmp_path)[-1] == "0020-19s.png"


def test_who_takes_over_goes_on(tmp_path: Path) -> None:
    Film(tmp_path).show(screen(1), seconds=1)
    (tmp_path / "0007-notes.png").touch()
    film = Film(tmp_path)
    assert film.show(screen(1, cursor=True), seconds=2) is None
    assert film.show(screen(2), seconds=3) == tmp_path / "0002-3s.png"


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Film(tmp_path / "file" / "screens").show(screen(1), seconds=0) is None
    film = Film(tmp_path)
    (tmp_path / "0001-0s.png").mkdir()
    assert film.show(screen(1), seconds=0) is None
