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
from builder.iso.folders import Folders
from builder.iso.iso9660 import PARENT, SELF, Record, both_endian, sectors
from builder.iso.lead import Lead
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

    def __init__(self, draft: Draft, where: tree.Tree, *, date: bytes, lead: Lead) -> None:
        self._draft, self._tree, self._date = draft, where, date
        self._there = Folders(draft, where, lead)
        self._folders = {"": self._there.root}
        self._identifiers: dict[str, bytes] = {}
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
            folder = self._folder(path.rpartition("/")[0])
            there = self._there.file(folder, path)
            if there is None:
                self._add(folder, path, is_folder=False)
                continue
            self._identifiers[path] = there.identifier
            if path in modes and self._tree.skip is not None:
                raw = rockridge.with_mode(there, self._tree.skip, modes[path])
                folder.recast(there.identifier, raw)

    def settle(self, allocate: Allocate, *, behind: int = 0) -> int:
        """Give every directory that grew or is new its place, and the root one not before `behind`.

        Returns the sector of the root if it moved, 0 otherwise.
        """
        root = self._there.root
        if self._tree.base + root.extent < behind:
            self._move(root, allocate)
        for folder in tuple(self._there.all):
            if len(folder.packed()) > folder.length:
                self._move(folder, allocate)
        self._relink()
        self._write_folders()
        if self._moved or self._added:
            self._write_path_tables(allocate)
        return self._tree.base + root.extent if self._moved_root() else 0

    def _moved_root(self) -> bool:
        return self._there.root.extent != self._tree.descriptor.root.extent

    def place(self, places: Mapping[str, Placement]) -> None:
        """Let the records of the files point at their contents."""
        for path, place in places.items():
            folder = self._folder(path.rpartition("/")[0])
            record = folder.runs[self._identifiers[path]][0]
            if self._is_odd(record):
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

    def _folder(self, path: str) -> Folder:
        known = self._folders.get(path)
        if known is None:
            parent = self._folder(path.rpartition("/")[0])
            known = self._there.folder(parent, path) or self._add(parent, path, is_folder=True)
            self._folders[path] = known
        return known

    def _add(self, parent: Folder, path: str, *, is_folder: bool) -> Folder:
        name = path.rpartition("/")[2]
        standard = rockridge.FOLDER_MODE if is_folder else rockridge.FILE_MODE
        mode = self._modes.get(path, standard)
        if stat.S_ISDIR(mode) != is_folder:  # one path for both: `place` refuses that
            mode = standard
        identifier = names.identifier(
            self._tree,
            name,
            folder=is_folder,
            taken=parent.runs,
            versioned=self._versioned,
            leads=self._there.leads,
        )
        self._identifiers[path] = identifier
        parent.insert(self._record(identifier, name, mode=mode), self._there.key(name))
        heads = (
            self._record(SELF, "", mode=mode),
            self._record(PARENT, "", mode=rockridge.FOLDER_MODE),
        )
        made = Folder(heads, parent, identifier)
        if is_folder:
            self._added.append(self._there.take(made))
        return made

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

        Not so for the kernel, but libarchive reads on and on, and skips directories before it; of
        what was nested too deep it wants to know before all else.
        """
        waiting, first = [moving], list[Folder]()
        while waiting:
            folder = waiting.pop(0)
            wanted = sectors(len(folder.packed()))
            extent = allocate(wanted) - self._tree.base
            self._there.load_linked(folder, self._moved)
            if folder.length:
                self._moved[folder.extent] = extent
                self._bring_area(folder, allocate)
            self._point_at(folder, extent=extent, length=wanted * SECTOR)
            inside = self._there.inside(folder)
            early = [each for each in inside if folder in first or self._there.holds_linked(each)]
            first += early
            waiting = [*early, *waiting, *(each for each in inside if each not in early)]

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

    def _relink(self) -> None:
        """Mend Rock Ridge's links to directories that are nested too deep, and back."""
        skip = self._tree.skip
        if skip is None or not self._moved:
            return
        for folder in self._there.all:
            for record in folder.records():
                for at, extent in rockridge.links(record, skip):
                    where = both_endian(self._moved.get(extent, extent))
                    folder.recast(record.identifier, record.raw[:at] + where + record.raw[at + 8 :])

    def _write_folders(self) -> None:
        for folder in self._there.all:
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
        for at, content in path_table.write(self._draft, descriptor, entries, allocate):
            self._describe(at, content)

    def _describe(self, offset: int, content: bytes) -> None:
        for sector in self._tree.descriptor.sectors:
            self._draft.write(sector * SECTOR + offset, content, "volume descriptor")
