"""Files of a store pool, read as what they should be, whatever it is that lies there.

Anybody's files may lie in a pool: pipes, devices, links in circles, terabytes of holes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec

from builder import files
from builder.errors import ConfigError, HostError
from builder.paths.reading import NotPlainError, open_plain

LARGEST = 64 << 20
"""Bytes. Manifests have a tenth of a megabyte, a ledger of ten years' nights one; what is larger
than this is neither."""
_FLOAT = 1e300


class Versioned(msgspec.Struct, frozen=True, kw_only=True):
    """What every file of ours begins with."""

    SCHEMAS: ClassVar[frozenset[int]] = frozenset({1})
    """Those that we know."""

    schema: int = 1


T = TypeVar("T")
V = TypeVar("V", bound=Versioned)


@contextmanager
def within(store: Path, deed: str, *, hint: str) -> Iterator[None]:
    """Turn an OSError of the block, which does something to a store's templates, into another."""
    with files.writing(store, what=f"Cannot {deed} templates in {store}", hint=hint):
        try:
            yield
        except FileNotFoundError as error:
            # Of a pool that libvirt knows this was asked before: mostly nobody has made it yet.
            raise HostError(
                f"There is no folder {store}, where templates are to be.",
                hint="`builder pool init` makes it, unless it is on a disk that is not mounted.",
            ) from error


def read(path: Path, kind: type[V]) -> V:
    """Return what the file holds.

    Raises FileNotFoundError, ConfigError for what is no such file, or one of a builder to come, and
    HostError when the system refuses.
    """
    try:
        found = _read_json(path, kind)
    except ConfigError:
        _refuse_newer(path, _read_json(path, Versioned).schema, kind)
        raise
    _refuse_newer(path, found.schema, kind)
    return found


def _refuse_newer(path: Path, schema: int, kind: type[Versioned]) -> None:
    if schema not in kind.SCHEMAS:
        shown = f"{schema:.6g}" if abs(schema) < _FLOAT else "beyond all numbers"
        raise ConfigError(
            f"{path} was written by a newer builder (its schema is {shown}).",
            hint="Use that builder, or a newer one.",
        )


def _read_json(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content(path), type=kind)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ConfigError(f"{path} cannot be read: {error}.") from error


def content(path: Path) -> bytes:
    """Return the bytes of a plain file, or of one that a link leads to.

    Raises FileNotFoundError, ConfigError for anything else, and HostError when the system refuses.
    """
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size <= LARGEST:
                return file.read(size)
        raise ConfigError(f"{path} cannot be read: it has {size} bytes, {LARGEST} at most.")
    except NotPlainError as error:
        raise ConfigError(f"{path} cannot be read: it is no plain file.") from error
    except FileNotFoundError:
        if path.is_symlink():
            raise ConfigError(f"{path} cannot be read: it is a link to nothing.") from None
        raise
    except OSError as error:
        raise HostError(
            f"Cannot read {path}: {error.strerror}.", hint="Are you who keeps the templates?"
        ) from error
