"""What a path means in each tree: one tree's names are what people say, others may have shorter.

Mastering tools cut names down for Joliet and for ISO 9660 itself. What is the same file there is
told by where its content is.
"""

from collections.abc import Iterable, Iterator

from builder.iso import iso9660, tree
from builder.iso.folder import Folder
from builder.iso.iso9660 import Record
from builder.iso.source import Source
from builder.iso.survey import Survey
from builder.iso.tree import Tree

Place = tuple[int, int]
"""First sector of a content, counted from the image's beginning, and its bytes."""


class Lead:
    """The tree by whose names a medium is changed: Rock Ridge's where it has them."""

    def __init__(self, medium: Survey) -> None:
        self._source, self._tree = medium.source, medium.readable[0]
        self._finder = medium.finder(self._tree)
        self._known: dict[str, frozenset[Place]] = {}

    def leads(self, where: Tree) -> bool:
        """Tell whether a tree has the same kind of names, such as a partition's view has."""
        mine, its = self._tree, where
        kinds = [(each.skip is not None, each.descriptor.joliet) for each in (mine, its)]
        return kinds[0] == kinds[1]

    def file(self, where: Tree, folder: Folder, path: str, named: Record | None) -> Record | None:
        """Return the record of a file in the same folder of another tree; None if there is none.

        `named` is the one that has its name there: it may be another file's that was cut down.
        """
        own = self._place(path)
        others = self._places(path.rpartition("/")[0]) - {own}
        if named is not None and (named.is_directory or _place(where, named) not in others):
            return named
        if own is None or not own[1]:
            return None
        return next((each for each in folder.files() if _place(where, each) == own), None)

    def folder(self, where: Tree, folder: Folder, path: str) -> Record | None:
        """Return the record of a folder in the same folder of another tree, where none is named so.

        It is the one that has most of the contents.
        """
        found = self._finder.folder(path)
        wanted = set() if found is None else {*_below(self._source, self._tree, found)}
        best: tuple[int, Record | None] = (0, None)
        for each in filter(_is_there, folder.directories()) if wanted else ():
            common = len(wanted.intersection(_below(self._source, where, each)))
            if common > best[0]:
                best = (common, each)
        return best[1]

    def _place(self, path: str) -> Place | None:
        found = self._finder.find(path)
        return None if found is None else _place(self._tree, found.record)

    def _places(self, path: str) -> frozenset[Place]:
        if path not in self._known:
            found = self._finder.folder(path)
            records = () if found is None else _records(self._source, self._tree, found)
            self._known[path] = frozenset(_files(self._tree, records))
        return self._known[path]


def _place(where: Tree, record: Record) -> Place:
    return (where.base + record.extent, record.length)


def _is_there(folder: Record) -> bool:
    """Tell folders from new ones, which have no place yet."""
    return bool(folder.length)


def _records(source: Source, where: Tree, folder: Record) -> tuple[Record, ...]:
    return tree.read_directory(source, where, folder).listing.records[2:]


def _files(where: Tree, records: Iterable[Record]) -> Iterator[Place]:
    return (_place(where, each) for each in records if each.length and not each.is_directory)


def _below(source: Source, where: Tree, folder: Record) -> Iterator[Place]:
    """Yield the places of the files below a folder. No loops: the tree was walked before."""
    waiting, size = [folder], 0
    while waiting and size <= iso9660.LARGEST:
        each = waiting.pop()
        size += each.length
        records = _records(source, where, each)
        yield from _files(where, records)
        waiting.extend(record for record in records if record.is_directory)
