"""Known failures: the rows of causes.toml, which says what installers print and what it means.

The kind of error is its exit code: 6 where the kickstart must be mended, 5 where the medium must,
4 where the host starved the guest, 8 where a guest waits for somebody, 7 for everything else that
the guest itself reports.
"""

import re
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import msgspec

from builder.errors import (
    BuilderError,
    HangError,
    HostError,
    InstallError,
    KickstartError,
    MediaError,
)

_ERRORS: dict[str, type[BuilderError]] = {
    "install": InstallError,
    "kickstart": KickstartError,
    "media": MediaError,
    "hang": HangError,
    "host": HostError,
}


class Take(Enum):
    """Which of the lines after its text tell the details of a failure."""

    NONE = "none"
    FIRST = "first"
    LAST = "last"
    ALL = "all"
    SCRIPT = "script"
    """None of them: a log told before which script failed, and what it had printed."""


class Cause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A known failure."""

    name: str
    """For machines, and for what explains it; rows may share a name."""
    pattern: re.Pattern[str] = msgspec.field(name="texts")
    """For the beginning of a line; in a row, a list of which any one will do."""
    sentence: str = ""
    """`{0}` stands for the first group that matched; details take the place of the last period.
    Empty where it means nothing in an installation."""
    clone: str = ""
    """The end of the sentence for a clone that says it; empty where it is no trouble there."""
    hint: str = ""
    kind: Literal["install", "kickstart", "media", "hang", "host"] = msgspec.field(
        default="install", name="error"
    )
    weight: Literal["vague", "plain", "exact", "root"] = "exact"
    """How much it explains: that it failed or waits, what failed, why, or what makes other things
    fail and may be heard of after them. A heavier cause replaces a lighter one, else the first
    stays."""
    witness: Literal["", "console", "log"] = ""
    """Where the text counts; empty for anywhere."""
    take: Take = Take.NONE
    detail: re.Pattern[str] = re.compile("(.+)")
    """What a line of details must match; its first group is shown."""
    explains: tuple[str, ...] = ()
    """Causes that this one makes exact. It is no failure by itself: installers retry."""
    about: str = ""
    """What a cause that lists all its details must name for this one to explain it."""
    amid: bool = False
    """Whether it stands in the middle of the details of another, which go on after it."""

    @property
    def error(self) -> type[BuilderError]:
        """What is raised."""
        return _ERRORS[self.kind]

    @property
    def heaviness(self) -> int:
        """What causes are compared by."""
        return ("vague", "plain", "exact", "root").index(self.weight)


def _compiled(_kind: type[Any], value: list[str] | str) -> re.Pattern[str]:
    return re.compile(value if isinstance(value, str) else "|".join(value))


def _read() -> tuple[Cause, ...]:
    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["cause"], tuple[Cause, ...], dec_hook=_compiled)


CAUSES = _read()
