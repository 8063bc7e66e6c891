"""A row of the table of known failures."""

import re
from enum import Enum, IntEnum
from typing import Literal

import msgspec

from builder.errors import BuilderError, InstallError


class Weight(IntEnum):
    """How much a cause explains: a heavier one replaces a lighter one, else the first stays."""

    VAGUE = 1
    """That it failed, or waits."""
    PLAIN = 2
    """What failed."""
    EXACT = 3
    """Why."""
    ROOT = 4
    """What makes other things fail, and may be heard of after them."""


class Take(Enum):
    """Which of the lines after its text tell the details of a failure."""

    NONE = "none"
    FIRST = "first"
    LAST = "last"
    ALL = "all"


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A known failure."""

    name: str
    """For machines, and for what explains it; rows may share a name."""
    pattern: re.Pattern[str]
    sentence: str
    """`{0}` stands for the first group that matched; details take the place of the last period."""
    hint: str
    error: type[BuilderError] = InstallError
    weight: Weight = Weight.EXACT
    witness: Literal["", "console", "log"] = ""
    """Where the text counts; empty for anywhere."""
    take: Take = Take.NONE
    detail: re.Pattern[str] = re.compile(r"(.+)")
    """What a line of details must match; its first group is shown."""
    explains: tuple[str, ...] = ()
    """Causes that this one makes exact. It is no failure by itself: installers retry."""
