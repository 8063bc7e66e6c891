"""The directories of one tree of an ISO while it is changed: those that are read, found by path."""

from collections.abc import Iterable

from builder.errors import MediaError
from builder.iso import rockridge, tree
from builder.iso.folder import Folder
from builder.iso.iso9660 import Record
from builder.iso.lead import Lead
from builder.iso.patch import Draft
from builder.iso.source import Metered, damaged


class Folders:
    """Directories as far as somebody asked for them."""

    def __init__(self, draft: Draft, where: tree.Tree, lead: Lead) -> None:
        self.all: list[Folder] = []
        self.leads = lead.leads(where)
        """The tree's names are those that people say."""
        self._draft, self._tree, self._lead = Metered(draft), where, lead
        self.root = self._loaded(where.descriptor.root, None)

    def key(self, name: str) -> str:
        """Return a name as the folders have it: in Joliet beside others, `a` is not `A`."""
        exact = self._tree.descriptor.joliet and not self.leads
        return name if exact else tree.key(self._tree, name)

    def file(self, folder: Folder, path: str) -> Record | None:
        """Return the record of the file of that path, which is in the folder."""
        there = folder.find(self.key(path.rpartition("/")[2]))
        return there if self.leads else self._lead.file(self._tree, folder, path, there)

    def folder(self, parent: Folder, path: str) -> Folder | None:
        """Return the folder of that path, which is in its parent; None where there is none."""
        record = parent.find(self.key(path.rpartition("/")[2]))
        if record is None and not self.leads:
            record = self._lead.folder(self._tree, parent, path)
        return None if record is None else self._entered(record, parent, path)

    def take(self, folder: Folder) -> Folder:
        """Take in a folder, a new one or not."""
        self.all.append(folder)
        if folder.parent is not folder:
            folder.parent.inside[folder.identifier] = folder
        return folder

    def inside(self, folder: Folder) -> list[Folder]:
        """Return the folders in a folder."""
        return [
            folder.inside.get(each.identifier) or self._loaded(each, folder)
            for each in folder.directories()
        ]

    def load_linked(self, folder: Folder, moved: Iterable[int]) -> None:
        """Read what is nested too deep, and so lies elsewhere but links back to the folder.

        What was `moved` has another place by now, and was read before.
        """
        if self._tree.skip is None:
            return
        for each in folder.files():
            extent = self._child_link(each)
            if extent is not None and extent not in moved:
                self._at(extent)

    def holds_linked(self, folder: Folder) -> bool:
        """Tell whether a folder is where those are that were nested too deep."""
        skip = self._tree.skip
        return skip is not None and any(
            True for each in self.inside(folder) for _ in rockridge.links(each.records()[1], skip)
        )

    def _loaded(self, record: Record, parent: Folder | None) -> Folder:
        found = tree.read_directory(self._draft, self._tree, record)
        folder = self.take(Folder(found.listing.records[:2], parent, record.identifier))
        for each in found.listing.records[2:]:
            folder.add(each, self.key(tree.name_of(self._draft, self._tree, each)))
        return folder

    def _entered(self, record: Record, parent: Folder, path: str) -> Folder:
        if record.is_directory:
            return parent.inside.get(record.identifier) or self._loaded(record, parent)
        extent = self._child_link(record)
        if extent is None:
            raise MediaError(
                f"{path} on the ISO is a file or a link: nothing can be put below it.",
                hint="Choose another place for what you add.",
            )
        return self._at(extent)

    def _child_link(self, record: Record) -> int | None:
        if self._tree.skip is None or record.length or record.is_directory:
            return None
        return rockridge.child_link(self._draft, self._tree.base, record, self._tree.skip)

    def _at(self, extent: int) -> Folder:
        """Return the directory at a sector: one that was nested too deep lies elsewhere."""
        waiting = [self.root]
        while waiting:
            folder = waiting.pop(0)
            if folder.extent == extent:
                return folder
            waiting.extend(self.inside(folder))
        raise damaged(self._draft, f"a link in it leads to sector {extent}, to no directory")
