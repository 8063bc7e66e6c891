"""Change the directories of one tree of an ISO: put files into them, and mend what points at them.

A directory whose records no longer fit into its sectors moves, and then its parent, its
subdirectories, the path tables and, for the root, the volume descriptor have to know.
"""

import stat
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
        self._all: list[Folder] = []
        self._folders = {"": self._loaded(where.descriptor.root, None)}
        self._added: list[Folder] = []
        self._moved: dict[int, int] = {}
        self._modes: Mapping[str, int] = {}
        self._versioned = tree.versioned(draft, where)

    def put(self, files: Iterable[str], folders: Iterable[str], modes: Mapping[str, int]) -> None:
        """Make sure that there are files and folders of these paths, new files without a content.

        `modes` are those of files, and of folders that are new, where Rock Ridge tells them.
        """
        self._modes = modes
        for path in folders:
            self._folder(path)
        for path in files:
            folder, name = self._folder_of(path)
            there = folder.find(tree.key(self._tree, name))
            if there is None:
                self._add(folder, path, is_folder=False)
            elif path in modes and self._tree.skip is not None:
                raw = rockridge.with_mode(there, self._tree.skip, modes[path])
                folder.recast(there.identifier, raw)

    def settle(self, allocate: Allocate) -> None:
        """Give every directory that grew or is new its place."""
        for folder in tuple(self._all):
            if len(folder.packed()) > folder.length:
                self._move(folder, allocate)
        self._relink()
        self._write_folders()
        if self._moved or self._added:
            self._write_path_tables(allocate)

    def place(self, places: Mapping[str, Placement]) -> None:
        """Let the records of the files point at their contents."""
        for path, place in places.items():
            folder, name = self._folder_of(path)
            record = folder.find(tree.key(self._tree, name))
            if record is None or self._is_odd(record):
                raise MediaError(
                    f"{path} on the ISO cannot be replaced: it is a directory, a link, or 4 GiB "
                    "or more.",
                    hint="Choose another name for what you add.",
                )
            extent = place.sector - self._tree.base
            folder.point(record.identifier, extent=extent, length=place.length)
        self._write_folders()

    def _is_odd(self, record: Record) -> bool:
        """Tell whether a record is more than the name of a plain file."""
        link = self._tree.skip is not None and rockridge.is_link(record, self._tree.skip)
        return link or record.is_directory or bool(record.flags & iso9660.CONTINUED)

    def _loaded(self, record: Record, parent: Folder | None) -> Folder:
        found = tree.read_directory(self._draft, self._tree, record)
        folder = self._known(Folder(found.listing.records[:2], parent, record.identifier))
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
        record = parent.find(tree.key(self._tree, name))
        if record is None:
            made = self._add(parent, path, is_folder=True)
        elif record.is_directory:
            made = self._loaded(record, parent)
        else:
            raise MediaError(
                f"{path} on the ISO is a file: nothing can be put below it.",
                hint="Choose another place for what you add.",
            )
        self._folders[path] = made
        return made

    def _add(self, parent: Folder, path: str, *, is_folder: bool) -> Folder:
        name = path.rpartition("/")[2]
        standard = rockridge.FOLDER_MODE if is_folder else rockridge.FILE_MODE
        mode = self._modes.get(path, standard)
        if stat.S_ISDIR(mode) != is_folder:  # one path for both: `place` refuses that
            mode = standard
        identifier = names.identifier(
            self._tree, name, folder=is_folder, taken=parent.runs, versioned=self._versioned
        )
        parent.insert(self._record(identifier, name, mode=mode), tree.key(self._tree, name))
        heads = (
            self._record(SELF, "", mode=mode),
            self._record(PARENT, "", mode=rockridge.FOLDER_MODE),
        )
        made = Folder(heads, parent, identifier)
        if is_folder:
            self._added.append(self._known(made))
        return made

    def _known(self, folder: Folder) -> Folder:
        self._all.append(folder)
        if folder.parent is not folder:
            folder.parent.inside[folder.identifier] = folder
        return folder

    def _record(self, identifier: bytes, name: str, *, mode: int) -> Record:
        field, folder = b"", stat.S_ISDIR(mode)
        if self._tree.skip is not None:
            found = self._folders[""].records()
            like = next((each for each in found[2:] if each.is_directory == folder), found[-1])
            before, its = like.system_use[: self._tree.skip], like.system_use[self._tree.skip :]
            field = before + rockridge.system_use(name, mode=mode, date=self._date, like=its)
        raw = names.record(identifier, folder=folder, date=self._date, system_use=field)
        return iso9660.record(raw)

    def _move(self, moving: Folder, allocate: Allocate) -> None:
        """Give a directory a new place, and what is below it: parents have to come first.

        Not so for the kernel, but libarchive reads on and on, and skips directories before it.
        """
        waiting = [moving]
        while waiting:
            folder = waiting.pop(0)
            wanted = sectors(len(folder.packed()))
            extent = allocate(wanted) - self._tree.base
            if folder.length:
                self._moved[folder.extent] = extent
                self._bring_area(folder, allocate)
            self._point_at(folder, extent=extent, length=wanted * SECTOR)
            waiting.extend(self._inside(folder))

    def _bring_area(self, folder: Folder, allocate: Allocate) -> None:
        """Take along what Rock Ridge says of the directory itself: it has to lie behind as well."""
        skip, itself = self._tree.skip, folder.records()[0]
        found = None if skip is None else rockridge.continuation(itself, skip)
        if found is None:
            return
        at, block, offset, length = found
        if length > SECTOR:
            raise damaged(self._draft, f"a Rock Ridge area in it has {length} bytes")
        content = self._draft.read((self._tree.base + block) * SECTOR + offset, length)
        sector = allocate(sectors(length))
        self._draft.write(sector * SECTOR, content, "directory")
        where = both_endian(sector - self._tree.base) + both_endian(0)
        folder.recast(SELF, itself.raw[: at + 4] + where + itself.raw[at + 20 :])

    def _point_at(self, folder: Folder, *, extent: int, length: int) -> None:
        """Tell itself and its parent where a directory is now."""
        folder.point(SELF, extent=extent, length=length)
        if folder.parent is folder:
            folder.point(PARENT, extent=extent, length=length)
            raw = names.placed(self._tree.descriptor.root.raw, extent=extent, length=length)
            self._describe(156, raw)
        else:
            folder.point(PARENT, extent=folder.parent.extent, length=folder.parent.length)
            folder.parent.point(folder.identifier, extent=extent, length=length)

    def _inside(self, folder: Folder) -> list[Folder]:
        records = (each for each in folder.records()[2:] if each.is_directory)
        return [
            folder.inside.get(each.identifier) or self._loaded(each, folder) for each in records
        ]

    def _relink(self) -> None:
        """Mend Rock Ridge's links to directories that are nested too deep, and back."""
        skip = self._tree.skip
        if skip is None or not self._moved:
            return
        for folder in self._all:
            for record in folder.records():
                for at, extent in rockridge.links(record, skip):
                    where = both_endian(self._moved.get(extent, extent))
                    folder.recast(record.identifier, record.raw[:at] + where + record.raw[at + 8 :])

    def _write_folders(self) -> None:
        for folder in self._all:
            if folder.changed:
                at = (self._tree.base + folder.extent) * SECTOR
                self._draft.write(at, folder.packed().ljust(folder.length, b"\0"), "directory")
                folder.changed = False

    def _write_path_tables(self, allocate: Allocate) -> None:
        descriptor = self._tree.descriptor
        known = path_table.read(self._draft, descriptor)
        added = [
            path_table.PathRecord(each.identifier, each.extent, each.parent.extent)
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
        for sector in self._tree.descriptor.sectors:
            self._draft.write(sector * SECTOR + offset, content, "volume descriptor")
