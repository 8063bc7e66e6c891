"""What a kickstart wants of package repositories: its %packages, and which these are."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from pykickstart.constants import KS_MISSING_IGNORE

from builder.kickstart.lint import parse
from builder.model.kickstart import Kickstart

_IMAGES = ("liveimg", "ostreesetup", "ostreecontainer", "bootc")
"""Commands that bring a whole system: there %packages is not looked at."""
_OPTIONS = ("--nodefaults", "--optional")
_MARK = re.compile(r"-?@\^?|-|")
_ELSEWHERE = ("harddrive", "hmc", "nfs", "url")
_MEDIUM = "file:///run/install/"
"""Where installers have what they were started from; EL 7 to 9 want such a repo for AppStream."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One line of %packages."""

    name: str
    """Without its @."""
    line: int
    """1-based; 0 for what the installer adds by itself."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation asks repositories for."""

    source: Literal["medium", "elsewhere", "image"]
    """Where it installs from: its medium, what a command names, or an image as a whole."""
    repositories: tuple[str, ...]
    """Names of those beside its source, which may hold more."""
    ignores_missing: bool
    """Whether the installer leaves out what is not there."""
    packages: tuple[Asked, ...]
    groups: tuple[Asked, ...]
    """Modules may be written the same way: name:stream/profile."""
    environments: tuple[Asked, ...]
    modules: tuple[Asked, ...]
    """Of commands: name:stream."""
    excluded: tuple[str, ...] = ()
    """Names and patterns of packages that are left out."""
    excluded_groups: tuple[str, ...] = ()


def wanted(kickstart: Kickstart) -> Wanted:
    """Return what `kickstart` wants; of lines that cannot be read, nothing.

    What is left out (-name) may be called anything: nobody minds when there is no such thing.
    Raises UsageError for an unknown syntax version, as `lint` does.
    """
    handler = parse(kickstart).handler
    listed = _listed(kickstart.written)
    return Wanted(
        source=_source(handler),
        repositories=tuple(_repositories(handler)),
        ignores_missing=handler.packages.handleMissing == KS_MISSING_IGNORE,
        packages=_marked(listed, ""),
        groups=(*_marked(listed, "@"), *_implied(handler.packages, listed)),
        # Only one can be had; as in pykickstart, the last that is named.
        environments=_marked(listed, "@^")[-1:],
        modules=tuple(_modules(handler)),
        excluded=tuple(each.name for each in _marked(listed, "-")),
        excluded_groups=tuple(each.name for each in _marked(listed, "-@")),
    )


def _listed(text: str) -> dict[str, int]:
    """Return what %packages lists in the end, with its line: "-name" takes back what was named.

    pykickstart itself keeps no lines.
    """
    found: dict[str, int] = {}
    inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        first = (line.split() or [""])[0]
        if first.startswith("%"):
            inside = first == "%packages"
        elif inside and (said := _spec(line)):
            for earlier in (said, said.removeprefix("-"), f"-{said}"):
                found.pop(earlier, None)
            found[said] = number
    return found


def _spec(line: str) -> str:
    """Return what a line names, without comment and options: "@Some Group --optional"."""
    name = line.partition("#")[0].strip()
    mark = re.match(r"-?@\^?|-?", name)
    marked = mark[0] if mark else ""
    words = name[len(marked) :].split()
    if "@" in marked:
        words = [each for each in words if each not in _OPTIONS]
    return marked + " ".join(words) if words else ""


def _marked(listed: dict[str, int], mark: str) -> tuple[Asked, ...]:
    found = ((_MARK.match(each), each, line) for each, line in listed.items())
    return tuple(
        Asked(name=each[len(mark) :], line=line)
        for match, each, line in found
        if match and match[0] == mark
    )


def _implied(packages: Any, listed: dict[str, int]) -> tuple[Asked, ...]:  # noqa: ANN401
    """Return the group that each installation has, unless it is told otherwise."""
    named = not listed.keys().isdisjoint({"@core", "-@core"})
    if named or packages.nocore or not packages.seen:
        return ()
    return (Asked(name="core", line=0),)


def _source(handler: Any) -> Literal["medium", "elsewhere", "image"]:  # noqa: ANN401  # no types
    def seen(*commands: str) -> bool:
        return any(getattr(handler.commands.get(each), "seen", False) for each in commands)

    if seen(*_IMAGES):
        return "image"
    return "elsewhere" if seen(*_ELSEWHERE) else "medium"


def _modules(handler: Any) -> Iterator[Asked]:  # noqa: ANN401
    for each in getattr(handler.commands.get("module"), "moduleList", ()):
        if getattr(each, "enable", True):
            name = f"{each.name}:{each.stream}" if each.stream else each.name
            yield Asked(name=name, line=each.lineno)


def _repositories(handler: Any) -> list[str]:  # noqa: ANN401
    known = handler.commands.get("repo")
    found = known.repoList if known else []
    return [each.name for each in found if not (each.baseurl or "").startswith(_MEDIUM)]
