"""modules.yaml: which packages of a repository belong to streams of modules (EL 8 and 9, Fedora).

A repository holds all streams of a module, of which a system has at most one: without this list
those of another stream would pass for updates. Read line by line, not by a library: libmodulemd
writes it in one form, and five keys of it count.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from builder.media.primary import Nevra

_KEY = re.compile(r"""( *)(?:- )?([^\s:#'"]+|'[^']*'|"[^"]*"):(?:\s+(.*))?$""")
_ITEM = re.compile(r"( *)- +(\S.*)$")
_LONGEST = 1 << 20
"""Bytes of a line."""
_RPMS = ("data", "artifacts", "rpms")


class Modules(msgspec.Struct, frozen=True, kw_only=True):
    """The streams of modules."""

    streams: dict[tuple[str, str], frozenset[str]] = {}
    """What is in each, by the names of module and stream: packages as `artifact` writes them."""
    defaults: dict[str, str] = {}
    """The streams of modules that a system has unless it is told otherwise."""


def artifact(package: Nevra) -> str:
    """Return a package as modules.yaml has it."""
    name, epoch, arch = package.name, package.epoch or "0", package.arch
    return f"{name}-{epoch}:{package.version}-{package.release}.{arch}"


def joined(several: Iterable[Modules]) -> Modules:
    """Return what several repositories have together."""
    streams: dict[tuple[str, str], frozenset[str]] = {}
    defaults: dict[str, str] = {}
    for each in several:
        for name, packages in each.streams.items():
            streams[name] = streams.get(name, frozenset()) | packages
        defaults |= each.defaults
    return Modules(streams=streams, defaults=defaults)


def modules(content: Iterable[bytes]) -> Modules:
    """Read modules.yaml. Raises ValueError for a line that is too long, and for what is no text."""
    streams: dict[tuple[str, str], set[str]] = {}
    defaults: dict[str, str] = {}
    for known, packages in _documents(_lines(content)):
        stream = known.get("data/stream", "")
        match known.get("document"):
            case "modulemd":
                streams.setdefault((known.get("data/name", ""), stream), set()).update(packages)
            case "modulemd-defaults" if stream:
                defaults[known.get("data/module", "")] = stream
    return Modules(
        streams={name: frozenset(packages) for name, packages in streams.items()},
        defaults=defaults,
    )


def _lines(content: Iterable[bytes]) -> Iterator[str]:
    left = b""
    for piece in content:
        *whole, left = (left + piece).split(b"\n")
        if len(left) > _LONGEST:
            raise ValueError(f"a line in it has more than {_LONGEST >> 20} MiB")
        yield from (line.decode().rstrip() for line in whole)
    yield left.decode().rstrip()


def _documents(lines: Iterable[str]) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield the documents: their keys by their paths, and the packages that they list."""
    place: list[tuple[int, str]] = []
    known: dict[str, str] = {}
    packages: list[str] = []
    for line in lines:
        if line.startswith("---"):
            yield known, packages
            place, known, packages = [], {}, []
        elif found := _KEY.match(line):
            depth, key, value = len(found[1]), _bare(found[2]), _bare(found[3] or "")
            place = [*(each for each in place if each[0] < depth), (depth, key)]
            known.setdefault("/".join(key for _, key in place), value)
        elif (item := _ITEM.match(line)) and _within(place, len(item[1])):
            packages.append(_bare(item[2]))
    yield known, packages


def _within(place: list[tuple[int, str]], depth: int) -> bool:
    """Tell whether an item is one of the list of packages."""
    return tuple(key for _, key in place) == _RPMS and depth >= place[-1][0]


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text[:1] in {"'", '"'} and text[-1:] == text[:1] else text
