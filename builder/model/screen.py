"""What a guest's screen shows, and the pictures of it that are kept."""

import re
from pathlib import Path
from typing import Self

import msgspec

_NAME = re.compile(r"(\d{4,6})-(\d{1,9})s\.png")


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as the hypervisor gives it: an 8-bit PNG or a binary PPM."""

    data: bytes
    suffix: str
    """".png" or ".ppm"."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A kept picture; its file's name says all of it: 0007-31s.png."""

    number: int
    """Counts what was kept, from 1; frames that were thrown out later leave gaps."""
    seconds: int
    """Since the build began."""

    @property
    def name(self) -> str:
        """Name of the file in the folder "screens"."""
        return f"{self.number:04}-{self.seconds}s.png"

    @classmethod
    def parse(cls, path: Path) -> Self | None:
        """Return the frame that a file's name stands for; None for other files."""
        found = _NAME.fullmatch(path.name)
        return cls(number=int(found[1]), seconds=int(found[2])) if found else None
