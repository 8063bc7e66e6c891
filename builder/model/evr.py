"""Versions of rpms, and which of two is newer: rpm's own rule, as rpm-version(7) tells it.

Of our own, for it is a key of ten lines: of the libraries, rpm-vercmp is from 2018, and rpm-version
is a compiled extension of half a year. The test compares it with librpm.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Self

import msgspec

_PARTS = re.compile(r"~|\^|[0-9]+|[A-Za-z]+")
"""Whatever else is in a version only separates these."""
Key = tuple[tuple[int, int, str], ...]


class Evr(msgspec.Struct, frozen=True, gc=False):
    """Epoch, version and release of an rpm."""

    epoch: str = "0"
    version: str = ""
    release: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read [EPOCH:]VERSION[-RELEASE]."""
        epoch, colon, rest = text.partition(":")
        version, _, release = (rest if colon else text).partition("-")
        return cls((epoch if colon else "") or "0", version, release)

    @property
    def key(self) -> tuple[Key, Key, Key]:
        """What sorts as rpm sorts: the largest is the newest."""
        return _key(self.epoch), _key(self.version), _key(self.release)

    def is_newer_than(self, other: "Evr") -> bool:
        """Tell whether it is; of 1.0 and 1.00 neither is."""
        return self.key > other.key

    def __str__(self) -> str:
        """Return [EPOCH:]VERSION-RELEASE, without an epoch of 0."""
        text = f"{self.version}-{self.release}" if self.release else self.version
        return text if self.epoch in {"", "0"} else f"{self.epoch}:{text}"


def newest(versions: Iterable[Evr]) -> Evr:
    """Return the newest of some; the first, where several are the same to rpm."""
    return max(versions, key=lambda each: each.key)


@lru_cache(maxsize=1 << 14)
def _key(text: str) -> Key:
    return (*map(_rank, _PARTS.findall(text)), (1, 0, ""))


def _rank(part: str) -> tuple[int, int, str]:
    """Rank a part: a tilde comes before the end of a version, a caret after it, then letters."""
    if part in "~^":
        return (0 if part == "~" else 2), 0, ""
    if part[0] > "9":
        return 3, 0, part
    digits = part.lstrip("0")
    return 4, len(digits), digits
