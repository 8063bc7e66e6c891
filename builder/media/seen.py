"""The files of a medium as a loader sees them: on the volume, in its boot image, in itself."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from posixpath import normpath

from builder.errors import MediaError
from builder.iso import fat
from builder.iso.source import SECTOR
from builder.iso.survey import Survey
from builder.media import grub_image
from builder.media.grub_state import Place

_MODIFIED = 830  # in a volume descriptor (ECMA-119 8.4.27)


class Seen:
    """The files of a medium as a loader of one of its boot images sees them.

    What is damaged in the image is not there: builder/iso/fat_check.py tells of it.
    """

    def __init__(self, medium: Survey, image: fat.FileSystem | None = None) -> None:
        self._medium, self._image = medium, image
        self._memdisk: dict[str, bytes] = {}

    @property
    def label(self) -> str:
        """The volume's label as GRUB sees it.

        Without Rock Ridge that is the one of the Joliet tree, which has room for 16 characters.
        """
        return self._medium.readable[0].descriptor.volume_id

    @property
    def uuid(self) -> str:
        """GRUB's UUID of the volume: when it was changed last, without the time zone."""
        found = self._medium.readable[0].descriptor
        digits = self._medium.source.read(found.sector * SECTOR + _MODIFIED, 16)
        text = digits.decode("latin-1")
        return "-".join((text[:4], *(text[n : n + 2] for n in range(4, 16, 2))))

    @cached_property
    def _inside(self) -> dict[str, fat.FatFile]:
        with suppress(MediaError):
            listed = self._image.files() if self._image else ()
            return {each.path.lower(): each for each in listed}
        return {}

    def with_memdisk(self, content: bytes | None) -> "Seen":
        """Return the same files with those that a loader brings along."""
        result = Seen(self._medium, self._image)
        result._memdisk = grub_image.files(content) if content else {}
        return result

    def folder(self, place: Place) -> bool:
        """Tell whether a folder is there."""
        device, path = normal(place)
        if device == "iso":
            return self._medium.folder(path)
        held = self._inside if device == "image" else self._memdisk
        return any(each.startswith(f"{path.lower()}/" if path else "") for each in held)

    def exists(self, place: Place) -> bool:
        """Tell whether a file is there."""
        device, path = normal(place)
        if not device:
            return False
        if device == "memdisk":
            return path in self._memdisk
        if device == "image":
            return path.lower() in self._inside
        return self._medium.file(path) is not None

    def text(self, place: Place) -> str | None:
        """Return a text."""
        content = self.content(place, 1 << 20)
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def content(self, place: Place, largest: int) -> bytes | None:
        """Return what a file holds; None if there is none, or it is larger than that."""
        device, path = normal(place)
        if device in {"image", "memdisk"}:
            return self._in_image(path, largest) if device == "image" else self._memdisk.get(path)
        found = self._medium.file(path) if device else None
        if found is None or found.record.length > largest:
            return None
        return self._medium.source.read(found.at, found.record.length)

    def _in_image(self, path: str, largest: int) -> bytes | None:
        inside = self._inside.get(path.lower())
        if inside is None or self._image is None or inside.size > largest:
            return None
        with suppress(MediaError):
            return self._image.read(inside, largest=largest)
        return None

    def inside(self) -> Iterator[tuple[fat.FileSystem, fat.FatFile]]:
        """Yield the files of the boot image, with the file system that they are in."""
        if self._image is not None:
            for file in self._inside.values():
                yield self._image, file


def normal(place: Place) -> Place:
    """Return the place without slashes at the ends, nor dots between them."""
    device, path = place
    return device, normpath(f"//{path}").lstrip("/")
