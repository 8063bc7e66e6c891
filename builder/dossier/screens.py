"""The pictures of a build's folder, as data that a page can hold."""

import base64
from contextlib import suppress
from pathlib import Path

import msgspec

from builder.errors import ConfigError
from builder.install.pixels import decode, encode
from builder.model.screen import Frame
from builder.paths.reading import read_data

FOLDER = "screens"
_SINGLE = tuple(
    f"{name}{suffix}"
    for name in ("clone-a", "clone-b", "screenshot")
    for suffix in (".png", ".ppm")
)
"""Taken when something failed: the clone's boot, which comes last, or the installation."""
_LARGEST = 3 * 2**19
_RAW = 64 * 2**20
_ROOM = 3 * 2**20
"""Bytes of a strip, as large as a film becomes; base64 makes it a third larger."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One picture."""

    file: str
    """Its path in the build's folder."""
    uri: str
    """The picture itself, as a data: URI."""
    seconds: int | None = None
    """Since the build began, where it is known."""


def film(folder: Path) -> tuple[Shot, ...]:
    """Return the filmstrip, oldest first; when it is too large, its end."""
    paths = (folder / FOLDER).glob("*.png")
    frames = [frame for path in paths if (frame := Frame.parse(path))]
    shots, room = [], _ROOM
    for frame in sorted(frames, key=lambda each: each.number, reverse=True):
        data = _picture(folder / FOLDER / frame.name)
        room -= len(data)
        if room < 0:
            break
        if data:
            shots.append(_shot(f"{FOLDER}/{frame.name}", data, seconds=frame.seconds))
    return tuple(reversed(shots))


def last(folder: Path, strip: tuple[Shot, ...]) -> Shot | None:
    """Return what the screen showed at the end, as far as there is a picture of it."""
    for name in _SINGLE:
        if data := _picture(folder / name):
            return _shot(name, data)
    return strip[-1] if strip else None


def _shot(file: str, data: bytes, *, seconds: int | None = None) -> Shot:
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return Shot(file=file, uri=uri, seconds=seconds)


def _picture(path: Path) -> bytes:
    """Return a picture as PNG; nothing for one that is missing, no picture, or far too large."""
    data = b""
    with suppress(ConfigError):
        data = read_data(path, limit=_RAW)
    if not data.startswith(_SIGNATURE):
        raster = decode(data)
        data = encode(raster) if raster else b""
    return data if len(data) <= _LARGEST else b""
