"""A directory of an ISO while it is changed."""

from collections.abc import Iterator, Sequence
from itertools import chain

from builder.iso import iso9660, names
from builder.iso.iso9660 import PARENT, SELF, Record
from builder.iso.source import SECTOR


class Folder:
    """Records by their identifiers; in the directory's own order when they are packed."""

    def __init__(self, heads: Sequence[Record], parent: "Folder | None", identifier: bytes) -> None:
        self.parent = parent or self
        self.identifier = identifier
        """As its parent's records have it."""
        self.runs: dict[bytes, list[Record]] = {}
        """A file of 4 GiB and more has several records."""
        self.inside: dict[bytes, Folder] = {}
        """Its subdirectories, those that were read."""
        self.changed = False
        self._heads = {SELF: heads[0], PARENT: heads[1]}
        self._identifiers: dict[str, bytes] = {}
        self._grown = False
        self._key: iso9660.Order | None = None

    @property
    def extent(self) -> int:
        """Sector at which it begins; 0 while it has no place."""
        return self._heads[SELF].extent

    @property
    def length(self) -> int:
        """Bytes that it has; 0 while it has no place."""
        return self._heads[SELF].length

    def add(self, record: Record, name: str) -> None:
        """Take in a record that is there, in the order of the directory."""
        self.runs.setdefault(record.identifier, []).append(record)
        self._identifiers.setdefault(name, record.identifier)

    def insert(self, record: Record, name: str) -> None:
        """Put in a new record."""
        if not self._grown:
            self._key = iso9660.order_of(list(self.runs))
            self._grown = True
        self.add(record, name)
        self.changed = True

    def find(self, name: str) -> Record | None:
        """Return the record of that name."""
        identifier = self._identifiers.get(name)
        return None if identifier is None else self.runs[identifier][0]

    def point(self, identifier: bytes, *, extent: int, length: int) -> None:
        """Let a record point elsewhere."""
        run = self.runs.get(identifier) or [self._heads[identifier]]
        self.recast(identifier, names.placed(run[0].raw, extent=extent, length=length))

    def recast(self, identifier: bytes, raw: bytes) -> None:
        """Let a record be of other bytes."""
        record = iso9660.record(raw)
        if identifier in self._heads:
            self._heads[identifier] = record
        else:
            self.runs[identifier] = [record, *self.runs[identifier][1:]]
        self.changed = True

    def records(self) -> list[Record]:
        """Return all records in their order: itself and its parent first."""
        identifiers = list(self.runs)
        if self._grown and self._key is not None:
            identifiers.sort(key=self._key)
        runs = (self.runs[identifier] for identifier in identifiers)
        return [*self._heads.values(), *chain.from_iterable(runs)]

    def files(self) -> Iterator[Record]:
        """Yield the first record of each file."""
        return (run[0] for run in self.runs.values() if not run[0].is_directory)

    def directories(self) -> Iterator[Record]:
        """Yield the records of the directories in it."""
        return (run[0] for run in self.runs.values() if run[0].is_directory)

    def packed(self) -> bytes:
        """Return the records as bytes; none crosses a sector."""
        content = bytearray()
        for record in self.records():
            left = -len(content) % SECTOR
            if left < len(record.raw):
                content.extend(bytes(left))
            content.extend(record.raw)
        return bytes(content)
