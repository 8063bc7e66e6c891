"""Texts as systemd's units and as crontabs take them. Pure.

What they cannot hold as it is meant is refused: a unit has no way to say some characters in a path.
"""

import re
import shlex
from collections.abc import Sequence

from builder.errors import ConfigError

_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_ODD = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
"""Ends of lines end a setting, a backslash at one goes on in the next, and what is no UTF-8 is
dropped with its whole line."""


def checked(text: str) -> str:
    """Return a text that units can hold. Raises ConfigError for another."""
    if found := _ODD.search(text):
        raise ConfigError(
            f"Units of systemd, and crontabs, cannot hold {found[0]!a} as it stands in {text!a}.",
            hint="Name the file or folder without it.",
        )
    return text


def literal(text: str) -> str:
    """Return what a setting that takes the rest of its line has for a text."""
    return checked(text).replace("%", "%%")


def word(text: str) -> str:
    """Return what a setting that takes a list of words has for one of them."""
    known = literal(text)
    if _PLAIN.fullmatch(known.replace("%%", "")):
        return known
    return '"' + known.replace('"', r"\"") + '"'


def command(words: Sequence[str]) -> str:
    """Return what ExecStart= has for a command.

    A dollar sign is doubled in its arguments. In the program's path it has no meaning, but what the
    program is told of its own name would be another: Python finds its environment by that.
    """
    program, *arguments = words
    if "$" in program:
        raise ConfigError(
            f"Units of systemd cannot start {program}: there is a dollar sign in its path.",
            hint="Install builder into a folder without one.",
        )
    return " ".join([word(program), *(word(each).replace("$", "$$") for each in arguments)])


def cron(words: Sequence[str]) -> str:
    """Return what a crontab has for a command: to cron, % is the end of a line."""
    return shlex.join(map(checked, words)).replace("%", r"\%")
