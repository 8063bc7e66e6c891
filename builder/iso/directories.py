"""Change the directories of one tree of an ISO: put files into them, and mend what points at them.

A directory whose records no longer fit into its sectors moves, and then its parent, its
subdirectories, the path tables and, for the root, the volume descriptor have to know.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from builder.errors import MediaError
from builder.iso import iso9660, names, path_table, rockridge, tree
from builder.iso.folder import Folder
from builder.iso.iso9660 import PARENT, SELF, Record, both_endian, sectors
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, damaged

Allocate = Callable[[int], int]
"""Takes a number of sectors, returns the first of as many that are free."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where the content of a file is."""

    sector: int
    """Counted from the image's beginning."""
    length: int


class TreeEditor:
    """Puts files into one tree of the image that `draft` is of.

    First `put` all paths, then `settle` the directories, then `place` the contents.
    """

    def __init__(self, draft: Draft, where: tree.Tree, *, date: bytes) -> None:
        self._draft, self._tree, self._date = draft, where, date
        self._folders = {"": self._loaded(where.descriptor.root, None)}
        self._added: list[Folder] = []
        self._moved: dict[int, int] = {}
        self._versioned = self._has_versions()

    def put(self, paths: Iterable[str]) -> None:
        """Make sure that there are files of these paths, without a content if they are new."""
        for path in paths:
            folder, name = self._folder_of(path)
            if folder.find(self._key(name)) is None:
                self._add(folder, name, is_folder=False)

    def settle(self, allocate: Allocate) -> None:
        """Give every directory that grew or is new its place."""
        for folder in self._folders.values():
            if len(folder.packed()) > folder.length:
                self._move(folder, allocate)
        self._write_folders()
        if self._moved or self._added:
            self._write_path_tables(allocate)

    def place(self, places: Mapping[str, Placement]) -> None:
        """Let the records of the files point at their contents."""
        for path, place in places.items():
            folder, name = self._folder_of(path)
            record = folder.find(self._key(name))
            if record is None or record.is_directory or record.flags & iso9660.CONTINUED:
                raise MediaError(
                    f"{path} on the ISO cannot be replaced: it is a directory, or 4 GiB or more.",
                    hint="Choose another name for what you add.",
                )
            extent = place.sector - self._tree.base
            folder.point(record.identifier, extent=extent, length=place.length)
        self._write_folders()

    def _key(self, name: str) -> str:
        return name if tree.named(self._tree) else name.upper()

    def _loaded(self, record: Record, parent: Folder | None) -> Folder:
        found = tree.read_directory(self._draft, self._tree, record.extent, record.length)
        folder = Folder(found.listing.records[:2], parent, record.identifier)
        for each in found.listing.records[2:]:
            folder.add(each, tree.name_of(self._draft, self._tree, each))
        return folder

    def _folder_of(self, path: str) -> tuple[Folder, str]:
        where, _, name = path.rpartition("/")
        return self._folder(where), name

    def _folder(self, path: str) -> Folder:
        known = self._folders.get(path)
        if known is not None:
            return known
        parent, name = self._folder_of(path)
        record = parent.find(self._key(name))
        if record is None:
            made = self._add(parent, name, is_folder=True)
        elif record.is_directory:
            made = self._loaded(record, parent)
        else:
            raise MediaError(
                f"{path} on the ISO is a file: nothing can be put below it.",
                hint="Choose another place for what you add.",
            )
        self._folders[path] = made
        return made

    def _add(self, parent: Folder, name: str, *, is_folder: bool) -> Folder:
        identifier = names.identifier(
            self._tree, name, folder=is_folder, taken=parent.runs, versioned=self._versioned
        )
        parent.insert(self._record(identifier, name, is_folder=is_folder), self._key(name))
        heads = (self._record(SELF, "", is_folder=True), self._record(PARENT, "", is_folder=True))
        made = Folder(heads, parent, identifier)
        if is_folder:
            self._added.append(made)
        return made

    def _record(self, identifier: bytes, name: str, *, is_folder: bool) -> Record:
        field = b""
        if self._tree.skip is not None:
            like = self._folders[""].records()[-1].system_use[self._tree.skip :]
            mode = rockridge.FOLDER_MODE if is_folder else rockridge.FILE_MODE
            field = rockridge.system_use(name, mode=mode, date=self._date, like=like)
            field = bytes(self._tree.skip) + field
        raw = names.record(identifier, folder=is_folder, date=self._date, system_use=field)
        return iso9660.record(raw)

    def _has_versions(self) -> bool:
        """Tell whether names have a ";1" here: genisoimage's Joliet has none."""
        for directory in tree.walk(self._draft, self._tree):
            for each in directory.listing.records[2:]:
                if not each.is_directory:
                    return b";" in each.identifier
        return True

    def _move(self, folder: Folder, allocate: Allocate) -> None:
        wanted = sectors(len(folder.packed()))
        extent = allocate(wanted) - self._tree.base
        if folder.length:
            self._moved[folder.extent] = extent
        self._point_at(folder, extent=extent, length=wanted * SECTOR)

    def _point_at(self, folder: Folder, *, extent: int, length: int) -> None:
        """Tell itself, its parent and its subdirectories where a directory is now."""
        folder.point(SELF, extent=extent, length=length)
        if folder.parent is folder:
            folder.point(PARENT, extent=extent, length=length)
            raw = names.placed(self._tree.descriptor.root.raw, extent=extent, length=length)
            self._describe(156, raw)
        else:
            folder.point(PARENT, extent=folder.parent.extent, length=folder.parent.length)
            folder.parent.point(folder.identifier, extent=extent, length=length)
        loaded = {each.identifier: each for each in self._inside(folder)}
        for record in folder.records()[2:]:
            if record.identifier in loaded:
                loaded[record.identifier].point(PARENT, extent=extent, length=length)
            elif record.is_directory:
                self._point_up(record, extent=extent, length=length)

    def _inside(self, folder: Folder) -> list[Folder]:
        return [
            each for each in self._folders.values() if each.parent is folder and each is not folder
        ]

    def _point_up(self, record: Record, *, extent: int, length: int) -> None:
        """Tell a directory that was not read where its parent is now."""
        start = (self._tree.base + record.extent) * SECTOR
        (size,) = self._draft.read(start, 1)
        where = both_endian(extent) + both_endian(length)
        self._draft.write(start + size + 2, where, "directory")

    def _write_folders(self) -> None:
        for folder in self._folders.values():
            if folder.changed:
                at = (self._tree.base + folder.extent) * SECTOR
                self._draft.write(at, folder.packed().ljust(folder.length, b"\0"), "directory")
                folder.changed = False

    def _write_path_tables(self, allocate: Allocate) -> None:
        descriptor = self._tree.descriptor
        known = path_table.read(self._draft, descriptor)
        added = [
            path_table.Entry(each.identifier, each.extent, each.parent.extent)
            for each in self._added
        ]
        entries = path_table.changed(known, self._moved, added)
        try:
            tables = [path_table.encode(entries, big=big) for big in (False, True)]
        except ValueError as error:
            raise damaged(self._draft, f"in its path table {error}") from error
        wanted, old = sectors(len(tables[0])), sectors(descriptor.path_table_size)
        places = list(descriptor.path_tables)
        if wanted > old:
            places = [allocate(wanted) - self._tree.base for _ in tables]
        for place, table in zip(places, tables, strict=True):
            at = (self._tree.base + place) * SECTOR
            self._draft.write(at, table.ljust(max(wanted, old) * SECTOR, b"\0"), "path table")
        # The optional copies, which no reader needs, would be stale: there are none any more.
        self._describe(132, both_endian(len(tables[0])))
        self._describe(140, places[0].to_bytes(4, "little") + bytes(4))
        self._describe(148, places[1].to_bytes(4, "big") + bytes(4))

    def _describe(self, offset: int, content: bytes) -> None:
        at = self._tree.descriptor.sector * SECTOR + offset
        self._draft.write(at, content, "volume descriptor")
