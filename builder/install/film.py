"""A filmstrip of a guest's screen: a picture whenever it changed, in a folder that stays small."""

from contextlib import suppress
from pathlib import Path

from builder import files
from builder.errors import HostError
from builder.install.pixels import Raster, alike, decode, encode
from builder.model.screen import Frame, Screen

FRAMES = 40
BYTES = 3 * 2**20
"""On disk; a text console's picture takes 5 to 20 KiB, a graphical one's up to ten times that."""


class Film:
    """Keeps pictures as PNG in `folder`, which it makes and, after a restart, goes on with."""

    def __init__(self, folder: Path, *, frames: int = FRAMES, size: int = BYTES) -> None:
        """Bound the strip to `frames` pictures (2 at least) of `size` bytes in all."""
        self._folder, self._most, self._room = folder, frames, size
        found = (Frame.parse(path) for path in folder.glob("*.png"))
        self._frames = sorted((each for each in found if each), key=lambda each: each.number)
        self._data, self._raster = self._newest()
        self._blinked = b""

    def show(self, screen: Screen, *, seconds: float, last: bool = False) -> Path | None:
        """Keep the picture if it changed; return its path then, else None.

        `seconds` have passed since the build began. The `last` one is kept for any change at all.
        A folder that cannot be written keeps nothing: a film is a help, and ends no build.
        """
        if screen.data == self._data or (screen.data == self._blinked and not last):
            return None
        raster = decode(screen.data)
        if not last and raster and self._raster and alike(raster, self._raster):
            self._blinked = screen.data  # it comes again; decoding takes half a tenth of a second
            return None
        with suppress(OSError, HostError):
            return self._keep(screen, raster, seconds=int(seconds))
        return None

    def _newest(self) -> tuple[bytes, Raster | None]:
        with suppress(OSError, HostError):
            if self._frames:
                data = self._path(self._frames[-1]).read_bytes()
                return data, decode(data)
        return b"", None

    def _keep(self, screen: Screen, raster: Raster | None, *, seconds: int) -> Path | None:
        if screen.suffix != ".png" and raster is None:
            return None
        number = self._frames[-1].number + 1 if self._frames else 1
        frame = Frame(number=number, seconds=seconds)
        self._write(self._path(frame), _png(screen, raster))
        self._frames.append(frame)
        self._data, self._raster = screen.data, raster
        self._thin()
        return self._path(frame)

    def _write(self, path: Path, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with files.replacing(path, mode=0o600, durable=False) as part:
            part.write_bytes(data)

    def _thin(self) -> None:
        """Throw out what leaves the smallest gap, never the first or the last."""
        while len(self._frames) > 2 and self._too_many():  # noqa: PLR2004  # those two stay
            inner = range(1, len(self._frames) - 1)
            victim = self._frames.pop(min(inner, key=self._gap))
            self._path(victim).unlink(missing_ok=True)

    def _too_many(self) -> bool:
        if len(self._frames) > self._most:
            return True
        return sum(self._path(each).stat().st_size for each in self._frames) > self._room

    def _gap(self, index: int) -> int:
        return self._frames[index + 1].seconds - self._frames[index - 1].seconds

    def _path(self, frame: Frame) -> Path:
        return self._folder / frame.name


def _png(screen: Screen, raster: Raster | None) -> bytes:
    return encode(raster) if raster and screen.suffix != ".png" else screen.data
