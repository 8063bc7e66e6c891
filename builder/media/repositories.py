"""The package repositories that a medium holds, and the files of their metadata."""

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import msgspec

from builder.errors import MediaError
from builder.iso.source import Source, damaged
from builder.iso.survey import Survey
from builder.iso.tree import name_of, read_directory
from builder.media import repomd, treeinfo
from builder.media.repomd import Record
from builder.media.unpacked import unpacked

_PIECE = 1 << 16
_VARIANT = "variant-"


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of a medium with repodata/ in it."""

    folder: str
    """Its path; "" is the medium's root."""
    files: dict[str, Record]
    """Its metadata by their types: primary, group, modules."""

    def file(self, *types: str) -> Record | None:
        """Return the first of the types that is there."""
        return next((self.files[each] for each in types if each in self.files), None)


def repositories(medium: Survey) -> tuple[Repository, ...]:
    """Return those that its installer takes packages from; none of a medium for the network.

    .treeinfo names a folder for each variant (EL 8 on: BaseOS, AppStream, Minimal). Without such a
    name the root counts, as on EL 7 and Fedora, and what lies in the folders there.
    """
    named = [each for each in _variants(medium) if _there(medium, each)]
    folders = named or [each for each in ("", *_folders(medium)) if _there(medium, each)]
    return tuple(_read(medium, each) for each in dict.fromkeys(folders))


def content(medium: Survey, repository: Repository, record: Record) -> Iterator[bytes]:
    """Yield what a file of the metadata holds, unpacked.

    Raises MediaError where there is none, and at the end where it is another than repomd.xml means.
    What is in it is not summed up once more: that takes longer than to read it.
    """
    path = _within(repository.folder, record.href)
    found = medium.file(path)
    if found is None:
        raise damaged(medium.source, f"it has no file {path}")
    return unpacked(
        _pieces(medium.source, found.at, found.record.length),
        name=path,
        damaged=partial(damaged, medium.source),
        checksum=record.checksum,
    )


def _pieces(source: Source, at: int, length: int) -> Iterator[bytes]:
    for begin in range(at, at + length, _PIECE):
        yield source.read(begin, min(_PIECE, at + length - begin))


def _variants(medium: Survey) -> Iterator[str]:
    tree = treeinfo.parse(medium.text(".treeinfo") or b"")
    for section in tree.sections():
        if section.startswith(_VARIANT) and tree.has_option(section, "repository"):
            folder = PurePosixPath(tree.get(section, "repository"))
            # Some of EL 7's name the metadata instead of the folder that has it.
            folder = folder.parent if folder.name == "repodata" else folder
            yield "" if str(folder) == "." else str(folder)


def _there(medium: Survey, folder: str) -> bool:
    return medium.file(_within(folder, repomd.PATH)) is not None


def _folders(medium: Survey) -> Iterator[str]:
    tree = medium.readable[0]
    listing = read_directory(medium.source, tree, tree.descriptor.root).listing
    for record in listing.directories:
        yield name_of(medium.source, tree, record)


def _within(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _read(medium: Survey, folder: str) -> Repository:
    path = _within(folder, repomd.PATH)
    try:
        records = repomd.parse(medium.text(path) or b"")
    except ET.ParseError as error:
        raise damaged(medium.source, f"its {path} is no XML: {error}") from error
    files = {each.type: each for each in records}
    if "primary" not in files:
        raise MediaError(
            f"The list of packages in {folder or 'the root'} of {medium.source.name} cannot be "
            "read: it is in none of the forms that createrepo_c writes by itself.",
            hint="Get the ISO as its publisher made it.",
        )
    return Repository(folder=folder, files=files)
