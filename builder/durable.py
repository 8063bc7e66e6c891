"""Files that are whole or not there, whatever happens while they are written."""

import os
from pathlib import Path

from builder.errors import HostError


def write(path: Path, data: bytes, *, draft: Path | None = None) -> None:
    """Write `data` to `path` by way of `draft`, a file beside it; readers see all or nothing.

    It is on the disk when this returns. Raises HostError; the draft is removed then.
    """
    draft = draft or path.with_name(f".{path.name}.new")
    try:
        try:
            _fill(draft, data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _flush(path.parent)
    except OSError as error:
        raise HostError(
            f"Cannot write {path}: {error.strerror}.", hint="Is there room, and is it writable?"
        ) from error


def _fill(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
