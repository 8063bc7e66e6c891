"""A kickstart as pykickstart understood it, and what checks of it say."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from builder.model.kickstart import LintFinding


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A kickstart as pykickstart understood it."""

    handler: Any
    text: str
    capacity: int = 0
    """Bytes of the disk of the guest that it is to install; 0 where nobody knows of one."""
    firmware: str = ""
    """bios or uefi; empty where nobody knows what starts the machine."""
    binds: bool = False
    """Whether the guest's installer binds the network to its own card, as Anaconda does."""

    whole: bool = True
    """False where a line or a section could not be read."""
    broken: frozenset[str] = frozenset()
    """Commands of which a line has an error."""

    @property
    def complete(self) -> bool:
        """False when a part is unread or comes during the installation: it may hold what lacks."""
        return self.whole and not re.search(r"^\s*%(include|ksappend)\s", self.text, re.MULTILINE)

    def seen(self, *commands: str) -> bool:
        """Tell whether one of `commands` occurs."""
        known = self.handler.commands
        return any(getattr(known.get(name), "seen", False) for name in commands)

    def unclear(self, *commands: str) -> bool:
        """Tell whether a line of one of `commands` has an error, so that nobody knows its rest."""
        return not self.broken.isdisjoint(commands)


Check = Callable[[Parsed], Iterator[LintFinding]]


def error(message: str, line: int = 0) -> LintFinding:
    """Return what ends a build before it begins; line 0 is the whole file."""
    return LintFinding(line=line, severity="error", message=message)


def warning(message: str, line: int = 0) -> LintFinding:
    """Return what is told, and stops nothing."""
    return LintFinding(line=line, severity="warning", message=message)
