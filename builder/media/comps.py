"""The groups and environments of a repository (comps.xml), and its modules (modules.yaml)."""

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

import msgspec

_LARGEST = 64 << 20
"""Bytes: some thirty times Fedora's."""
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_KEY = re.compile(r"""( *)(?:- )?([^\s:#'"]+|'[^']*'|"[^"]*"):(?:\s+(.*))?$""")


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group, or an environment of groups."""

    id: str
    name: str
    """For people; %packages may have either."""
    members: tuple[str, ...] = ()
    """What it installs by itself: of a group its packages, of an environment ids of groups."""


class Comps(msgspec.Struct, frozen=True, kw_only=True):
    """What comps.xml holds."""

    groups: tuple[Group, ...] = ()
    environments: tuple[Group, ...] = ()


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """A stream of a module."""

    name: str
    stream: str
    profiles: frozenset[str]


def comps(content: Iterable[bytes]) -> Comps:
    """Read comps.xml. Raises ParseError for what is no XML, ValueError for too much of it."""
    root = ET.fromstring(_whole(content))  # noqa: S314  # libexpat bounds its entities
    return Comps(groups=_groups(root, "group"), environments=_groups(root, "environment"))


def _groups(root: ET.Element, kind: str) -> tuple[Group, ...]:
    return tuple(
        Group(id=each.findtext("id", ""), name=_name(each), members=tuple(_members(each)))
        for each in root.iterfind(kind)
    )


def _members(group: ET.Element) -> Iterator[str]:
    """Yield what is neither optional nor waits for another package."""
    for each in group.iterfind("packagelist/packagereq"):
        if each.get("type", "mandatory") in ("mandatory", "default"):
            yield (each.text or "").strip()
    yield from ((each.text or "").strip() for each in group.iterfind("grouplist/groupid"))


def _name(group: ET.Element) -> str:
    """Return its name as it is in no language."""
    names = [each for each in group.iterfind("name") if _XML_LANG not in each.attrib]
    # As it is before translators' work is merged into it, in media that somebody made by hand.
    names += group.findall("_name")
    return next((each.text or "" for each in names), "")


def modules(content: Iterable[bytes]) -> tuple[Module, ...]:
    """Read modules.yaml. Raises ValueError for too much of it, and for what is no text.

    Not by a library: it is written by one program in one form, and three keys of it count.
    """
    text = _whole(content).decode()
    found = map(_module, re.split(r"^---.*$", text, flags=re.MULTILINE))
    return tuple(each for each in found if each.name)


def _module(document: str) -> Module:
    """Return what a document describes; it has no name where that is no module."""
    place: list[tuple[int, str]] = []
    known: dict[str, str] = {}
    profiles: set[str] = set()
    for line in document.splitlines():
        found = _KEY.match(line)
        if not found:
            continue
        depth, key, value = len(found[1]), _bare(found[2]), _bare(found[3] or "")
        place = [*(each for each in place if each[0] < depth), (depth, key)]
        path = [each for _, each in place]
        known.setdefault("/".join(path), value)
        if path[:2] == ["data", "profiles"] and path[2:]:
            profiles.add(path[2])
    if known.get("document", "") != "modulemd":
        return Module(name="", stream="", profiles=frozenset())
    return Module(
        name=known.get("data/name", ""),
        stream=known.get("data/stream", ""),
        profiles=frozenset(profiles),
    )


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text[:1] in {"'", '"'} and text[-1:] == text[:1] else text


def _whole(content: Iterable[bytes]) -> bytes:
    pieces, size = [], 0
    for piece in content:
        size += len(piece)
        if size > _LARGEST:
            raise ValueError(f"it comes to more than {_LARGEST >> 20} MiB")
        pieces.append(piece)
    return b"".join(pieces)
