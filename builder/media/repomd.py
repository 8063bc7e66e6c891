"""repomd.xml: which files the metadata of a package repository has, and their checksums."""

import re
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import msgspec

from builder.media.unpacked import READABLE

PATH = "repodata/repomd.xml"
"""Within a repository."""
COMPS = ("group", "group_gz", "group_xz", "group_zst", "group_bz2")
"""Types of the list of groups."""
_SPACE = "{http://linux.duke.edu/metadata/repo}"
_LENGTH = re.compile("[0-9]{1,18}")
Checksum = tuple[str, str]
"""Its kind and its digits; both empty where repomd.xml gives none."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the metadata."""

    type: str
    """As repomd.xml has it: primary, group, modules, updateinfo."""
    href: str
    """Its path within the repository."""
    checksum: Checksum = ("", "")
    """Of the file as it is packed: dnf goes by that."""
    open_checksum: Checksum = ("", "")
    """Of what is in it, where it is packed."""
    size: int = 0
    """Bytes as it is packed; 0 where repomd.xml does not say."""

    @property
    def content(self) -> Checksum:
        """The checksum of what is in it, however it is packed."""
        return self.open_checksum if self.open_checksum[1] else self.checksum


def parse(text: bytes) -> tuple[Record, ...]:
    """Return the files whose form we can unpack. Raises ParseError for what is no XML."""
    # A text of a few KiB, whose entities libexpat bounds.
    root = ET.fromstring(text)  # noqa: S314
    found = map(_record, root.iterfind(f"{_SPACE}data"))
    return tuple(each for each in found if PurePosixPath(each.href).suffix in READABLE)


def _record(data: ET.Element) -> Record:
    location = data.find(f"{_SPACE}location")
    size = data.findtext(f"{_SPACE}size", "").strip()
    return Record(
        type=data.get("type", ""),
        href="" if location is None else location.get("href", ""),
        checksum=_sum(data, "checksum"),
        open_checksum=_sum(data, "open-checksum"),
        size=int(size) if _LENGTH.fullmatch(size) else 0,
    )


def _sum(data: ET.Element, tag: str) -> Checksum:
    told = data.find(_SPACE + tag)
    if told is None:
        return "", ""
    return told.get("type", ""), (told.text or "").strip().lower()
