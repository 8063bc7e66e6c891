"""The package repositories that a medium holds, and the files of their metadata."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import msgspec

from builder.errors import MediaError
from builder.iso.source import damaged
from builder.iso.survey import Survey
from builder.iso.tree import name_of, read_directory
from builder.media import treeinfo
from builder.media.unpacked import READABLE, unpacked

_REPO = "{http://linux.duke.edu/metadata/repo}"
_VARIANT = "variant-"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the metadata."""

    path: str
    checksum: tuple[str, str]
    """Of the file as it is packed, its kind and its digits: dnf goes by that, too. What is in it is
    not summed up once more, which would take longer than to read it."""


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of a medium with repodata/ in it."""

    folder: str
    """Its path; "" is the medium's root."""
    files: dict[str, File]
    """Its metadata by their kinds, as repomd.xml calls them: primary, group, modules."""

    def file(self, *kinds: str) -> File | None:
        """Return the first of the kinds that is there."""
        return next((self.files[kind] for kind in kinds if kind in self.files), None)


def repositories(medium: Survey) -> tuple[Repository, ...]:
    """Return those that its installer takes packages from; none of a medium for the network.

    .treeinfo names a folder for each variant (EL 8 on: BaseOS, AppStream, Minimal). Without such a
    name the root counts, as on EL 7 and Fedora, and what lies in the folders there.
    """
    named = [each for each in _variants(medium) if _there(medium, each)]
    folders = named or [each for each in ("", *_folders(medium)) if _there(medium, each)]
    return tuple(_read(medium, each) for each in dict.fromkeys(folders))


def content(medium: Survey, file: File) -> Iterator[bytes]:
    """Yield what a file of the metadata holds, unpacked.

    Raises MediaError where there is none, and at the end where it is another than repomd.xml means.
    """
    found = medium.file(file.path)
    if found is None:
        raise damaged(medium.source, f"it has no file {file.path}")
    return unpacked(
        medium.source, found.at, found.record.length, name=file.path, checksum=file.checksum
    )


def _variants(medium: Survey) -> Iterator[str]:
    tree = treeinfo.parse(medium.text(".treeinfo") or b"")
    for section in tree.sections():
        if section.startswith(_VARIANT) and tree.has_option(section, "repository"):
            folder = PurePosixPath(tree.get(section, "repository"))
            # Some of EL 7's name the metadata instead of the folder that has it.
            folder = folder.parent if folder.name == "repodata" else folder
            yield "" if str(folder) == "." else str(folder)


def _there(medium: Survey, folder: str) -> bool:
    return medium.file(_within(folder, "repodata/repomd.xml")) is not None


def _folders(medium: Survey) -> Iterator[str]:
    tree = medium.readable[0]
    listing = read_directory(medium.source, tree, tree.descriptor.root).listing
    for record in listing.directories:
        yield name_of(medium.source, tree, record)


def _within(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _read(medium: Survey, folder: str) -> Repository:
    path = _within(folder, "repodata/repomd.xml")
    try:
        # A text of a few KiB, whose entities libexpat bounds.
        root = ET.fromstring(medium.text(path) or b"")  # noqa: S314
    except ET.ParseError as error:
        raise damaged(medium.source, f"its {path} is no XML: {error}") from error
    files = {}
    for data in root.iterfind(f"{_REPO}data"):
        location = data.find(f"{_REPO}location")
        href = "" if location is None else location.get("href", "")
        if PurePosixPath(href).suffix in READABLE:
            files[data.get("type", "")] = File(path=_within(folder, href), checksum=_sum(data))
    if "primary" not in files:
        raise MediaError(
            f"The list of packages in {folder or 'the root'} of {medium.source.name} cannot be "
            "read: it is in none of the forms that createrepo_c writes by itself.",
            hint="Get the ISO as its publisher made it.",
        )
    return Repository(folder=folder, files=files)


def _sum(data: ET.Element) -> tuple[str, str]:
    told = data.find(f"{_REPO}checksum")
    if told is None:
        return "", ""
    return told.get("type", ""), (told.text or "").strip().lower()
