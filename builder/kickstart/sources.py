"""The package repositories on the network that a kickstart installs from."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from builder.kickstart.lint import parse
from builder.model.kickstart import Kickstart

_ASKED = ("http://", "https://")
_NAMED = re.compile(r"^\s*(url|repo)\s", re.MULTILINE)
Kind = Literal["baseurl", "mirrorlist", "metalink"]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    id: str
    """The name of a `repo`; "url" for the command of that name."""
    address: str
    """As the kickstart has it: with variables, it may hold credentials."""
    kind: Kind = "baseurl"
    """What is there: the repository, or a list of where it is."""
    included: tuple[str, ...] = ()
    """Patterns of the only packages that are taken from it; none means all."""
    excluded: tuple[str, ...] = ()
    """Patterns of packages that are not."""

    def offers(self, name: str) -> bool:
        """Tell whether a package of that name would be taken from it."""
        if any(fnmatchcase(name, each) for each in self.excluded):
            return False
        return not self.included or any(fnmatchcase(name, each) for each in self.included)


def sources(kickstart: Kickstart) -> tuple[Source, ...]:
    """Return those that are asked by HTTP, in the order of the kickstart.

    Not those that a file on the installer's system has (%include, a `repo` without an address), nor
    paths, for they are the guest's: file://, harddrive, nfs. Raises UsageError for an unknown
    syntax version, as `lint` does.
    """
    if not _NAMED.search(kickstart.text):  # most name none, and parsing takes a while
        return ()
    commands = parse(kickstart).handler.commands
    found: list[Source] = []
    if getattr(commands.get("url"), "seen", False):
        found += _addresses("url", "url", commands["url"])
    for each in getattr(commands.get("repo"), "repoList", ()):
        found += _addresses(each.name, "baseurl", each)
    return tuple(found)


def _addresses(id_: str, direct: str, command: Any) -> Iterator[Source]:  # noqa: ANN401  # no types
    kinds: tuple[tuple[str, Kind], ...] = (
        (direct, "baseurl"),
        ("mirrorlist", "mirrorlist"),
        ("metalink", "metalink"),
    )
    for name, kind in kinds:
        address = getattr(command, name, None) or ""
        if address.startswith(_ASKED):
            yield Source(
                id=id_,
                address=address,
                kind=kind,
                included=tuple(getattr(command, "includepkgs", None) or ()),
                excluded=tuple(getattr(command, "excludepkgs", None) or ()),
            )
