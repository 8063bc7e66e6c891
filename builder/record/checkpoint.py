"""What the steps of a build came to, on disk, so that another process can go on after them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from builder import files
from builder.errors import ConfigError, HostError
from builder.model.traces import scratch_of
from builder.paths.reading import read_json

_MOST = 1 << 28
"""Bytes of the file: an order holds the texts of a profile's checks."""
T = TypeVar("T")


class Checkpoint:
    """Values by name, in one file for its owner only: kickstarts hold password hashes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".results.json"
        self._values: dict[str, msgspec.Raw] = {}
        self._damaged = False

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what a build has kept in its folder."""
        found = cls(folder)
        found.load()
        return found

    def load(self) -> None:
        """Read what an earlier process kept; nothing if it is not there or makes no sense."""
        self._values, self._damaged = {}, False
        try:
            kind = dict[str, msgspec.Raw]
            self._values = read_json(self._path, kind, limit=_MOST)
        except ConfigError as error:
            self._damaged = not isinstance(error.__cause__, FileNotFoundError)

    def get(self, name: str, kind: type[T]) -> T | None:
        """Return the value of that name; None if there is none.

        Raises HostError for one of another shape: another version of us kept it.
        """
        found = self._values.get(name)
        try:
            if found is None:
                return None
            return msgspec.json.decode(found, type=kind, dec_hook=_decode)
        except (ValueError, RecursionError) as error:
            raise foreign() from error

    def __bool__(self) -> bool:
        """Tell whether anything was kept, whatever became of it."""
        return self._damaged or bool(self._values)

    def keep(self, values: Mapping[str, object]) -> None:
        """Keep values, all or none of them. Raises HostError when they cannot be written."""
        for name, value in values.items():
            self._values[name] = msgspec.Raw(msgspec.json.encode(value, enc_hook=str))
        with files.replacing(self._path, mode=0o600, durable=False) as part:
            part.write_bytes(msgspec.json.encode(self._values))

    def forget(self) -> None:
        """Remove the file, and what a killed process left of it."""
        self._path.unlink(missing_ok=True)
        for path in self._path.parent.glob(".*.part"):
            if scratch_of(path.name) == self._path.name:
                path.unlink(missing_ok=True)


def foreign() -> HostError:
    """Return the error for a build that was begun by another version of us."""
    return HostError(
        "The build was begun by another version of builder, which kept it in its own way: it "
        "cannot be joined.",
        hint="`builder gc` clears what it left; then build again.",
    )


def _decode(kind: type[Any], value: object) -> object:
    # A Path was written as its text; a variable of a release or a profile may be of any type.
    return kind(str(value)) if issubclass(kind, Path) else value
