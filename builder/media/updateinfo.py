"""updateinfo.xml: the advisories of a repository, which say what its updates are for.

Read by expat in blocks, an advisory at a time. What vendors tell people at length, nine tenths of
the file, is never kept. Vendors agree on elements, less on words: Fedora's severities are Bodhi's,
and its CVEs are in titles of bugs.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal
from xml.parsers import expat

import msgspec

from builder.media.primary import Nevra
from builder.model.text import whole_number

Kind = Literal["security", "bugfix", "enhancement", ""]
Severity = Literal["Critical", "Important", "Moderate", "Low", ""]
SEVERITIES: tuple[Severity, ...] = ("Critical", "Important", "Moderate", "Low", "")
"""The worst first; the last is what nobody has rated."""
_KINDS: dict[str, Kind] = {
    "security": "security",
    "bugfix": "bugfix",
    "recommended": "bugfix",
    "enhancement": "enhancement",
    "newpackage": "enhancement",
}
_WORDS: dict[str, Severity] = {
    "critical": "Critical",
    "urgent": "Critical",
    "important": "Important",
    "high": "Important",
    "moderate": "Moderate",
    "medium": "Moderate",
    "low": "Low",
}
_CVE = re.compile(r"\bCVE-[0-9]{4}-[0-9]{4,19}\b")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_TEXTS = frozenset({"id", "title", "severity"})
"""Elements whose texts count, right below an advisory; a collection has a name as well."""
_LONGEST = 1 << 16
"""Characters of such a text."""
_MOST = 100_000
"""Packages of an advisory, and its references; those of a whole Fedora have a tenth."""
_SECONDS = 10
"""Digits of a moment, where a vendor counts them from 1970 on."""


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor says of some updates."""

    id: str
    """Such as RLSA-2026:1234."""
    kind: Kind
    """Empty for what is none of these."""
    severity: Severity
    issued: str
    """YYYY-MM-DD; empty where that cannot be read."""
    title: str
    cves: tuple[str, ...]


def advisories(content: Iterable[bytes]) -> Iterator[tuple[Advisory, tuple[Nevra, ...]]]:
    """Yield the advisories of an updateinfo.xml, each with the packages that it is about.

    Raises ExpatError for what is no XML, ValueError for an advisory that is too large.
    """
    reader = _Reader()
    for block in content:
        reader.parser.Parse(block, False)  # as expat has it
        yield from reader.done()
    reader.parser.Parse(b"", True)
    yield from reader.done()


class _Reader:
    """One advisory, as far as it has come, and those that are whole."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self._whole: list[tuple[Advisory, tuple[Nevra, ...]]] = []
        self._depth = 0
        self._anew({})

    def done(self) -> list[tuple[Advisory, tuple[Nevra, ...]]]:
        """Return the advisories that are whole, and forget them."""
        whole, self._whole = self._whole, []
        return whole

    def _anew(self, attributes: dict[str, str]) -> None:
        self._kind = attributes.get("type", "")
        self._issued = ""
        self._texts: dict[str, str] = {}
        self._cves: dict[str, None] = {}
        self._packages: list[Nevra] = []
        self._references = 0

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if tag == "package":
            self._packages.append(_package(attributes))
        elif tag == "reference":
            self._references += 1
            for text in (attributes.get("id", ""), attributes.get("title", "")):
                self._cves.update(dict.fromkeys(_CVE.findall(text)))
        elif tag == "update":
            self._anew(attributes)
        elif tag == "issued":
            self._issued = attributes.get("date", "")
        elif tag in _TEXTS and self._depth == 3:  # noqa: PLR2004  # updates, update, and this
            self._texts[tag] = ""
            self.parser.CharacterDataHandler = lambda text: self._say(tag, text)
        if max(len(self._packages), self._references) > _MOST:
            raise ValueError(f"an advisory in it has more than {_MOST} packages or references")

    def _say(self, tag: str, text: str) -> None:
        self._texts[tag] += text
        if len(self._texts[tag]) > _LONGEST:
            raise ValueError(f"a text in it has more than {_LONGEST >> 10} KiB")

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self.parser.CharacterDataHandler = None
        if tag == "update":
            self._whole.append((self._advisory(), tuple(self._packages)))

    def _advisory(self) -> Advisory:
        title = " ".join(self._texts.get("title", "").split())
        kind = _KINDS.get(self._kind.strip().lower(), "")
        return Advisory(
            id=self._texts.get("id", "").strip(),
            kind=kind,
            severity=_severity(self._texts.get("severity", ""), title if kind else ""),
            issued=_day(self._issued),
            title=title,
            cves=tuple(dict.fromkeys([*self._cves, *_CVE.findall(title)])),
        )


def _package(attributes: dict[str, str]) -> Nevra:
    """Return the package of an element; thousands of them share most of their words."""
    words = (attributes.get(each, "") for each in ("name", "epoch", "version", "release", "arch"))
    name, epoch, version, release, arch = map(sys.intern, words)
    return Nevra(name, epoch or "0", version, release, arch)


def _severity(said: str, title: str) -> Severity:
    """Return how bad it is: vendors without that element begin their titles with the word."""
    before, colon, _ = title.partition(":")
    word = said.strip().lower()
    return _WORDS.get(word) or (_WORDS.get(before.lower(), "") if colon else "")


def _day(date: str) -> str:
    """Return a date as it is everywhere but where a vendor counts seconds."""
    found = _DAY.match(date.strip())
    seconds = whole_number(date.strip())
    if found or seconds is None or len(date.strip()) > _SECONDS:
        return found[0] if found else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
