"""Open an ISO with pycdlib: the one place where its exceptions become ours."""

import io
import itertools
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pycdlib
from pycdlib import pycdlibexception

from builder.errors import MediaError

SECTOR = 2048
"""Bytes in a logical sector of a CD."""

_DESCRIPTOR = 16 * SECTOR
_HINT = "Download it again, and compare its sha256 with the publisher's."
# Beside its own exceptions pycdlib lets through what its parsing runs into on garbage; found by
# feeding it mutated images.
_GARBAGE = (
    pycdlibexception.PyCdlibException,
    struct.error,
    IndexError,
    OverflowError,
    RecursionError,
    ValueError,  # UnicodeDecodeError is one
)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open the ISO at `path` for reading, as a PyCdlib object.

    Raises MediaError for everything that is no complete ISO 9660 image.
    """
    check_complete(path)
    iso = pycdlib.PyCdlib()
    with _Volume(path) as file, translated(path):
        iso.open_fp(file)
        yield iso


class _Volume(io.FileIO):
    """A file whose system area reads as zeros: pycdlib takes it for no hybrid, and leaves it be.

    It refuses MBRs and GPTs other than its own, seeks to wherever they point, and writes wrong
    ones. `hybrid` takes care of them instead.
    """

    def read(self, size: int | None = -1) -> bytes:
        hidden = max(_DESCRIPTOR - self.tell(), 0)
        content = super().read(size)
        return bytes(min(hidden, len(content))) + content[hidden:]


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn pycdlib's exceptions about the ISO at `path` into a MediaError."""
    try:
        yield
    except _GARBAGE as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise MediaError(f"{path.name} is a damaged ISO: {reason}.", hint=_HINT) from error


def check_complete(path: Path) -> None:
    """Raise MediaError unless `path` is a readable ISO 9660 image with all of its volume."""
    try:
        with path.open("rb") as file:
            file.seek(_DESCRIPTOR)
            descriptor = file.read(SECTOR)
            size = file.seek(0, io.SEEK_END)
    except OSError as error:
        raise MediaError(
            f"Cannot read {path}: {error.strerror}.", hint="Give the path of an ISO file."
        ) from error
    if len(descriptor) < SECTOR or descriptor[:6] != b"\x01CD001":
        raise MediaError(f"{path.name} is not an ISO 9660 image.", hint=_HINT)
    # ECMA-119 8.4.8: the size in sectors, stored in both byte orders.
    volume = struct.unpack_from("<I", descriptor, 80)[0] * SECTOR
    if volume > size:
        raise MediaError(
            f"{path.name} is truncated: {size} of {volume} bytes are there.", hint=_HINT
        )


def locate(iso: Any, path: str) -> dict[str, str] | None:  # noqa: ANN401  # pycdlib is untyped
    """Return pycdlib's argument that names the file at `path` ("a/b.cfg"), or None."""
    return next((name for name in _names(iso, path) if _is_file(iso, name)), None)


def _is_file(iso: Any, name: dict[str, str]) -> bool:  # noqa: ANN401  # pycdlib is untyped
    try:
        return bool(iso.get_record(**name).is_file())
    except pycdlibexception.PyCdlibInvalidInput:
        return False


def _names(iso: Any, path: str) -> Iterator[dict[str, str]]:  # noqa: ANN401  # pycdlib is untyped
    if iso.has_rock_ridge():
        yield {"rr_path": f"/{path}"}
    if iso.has_joliet():
        yield {"joliet_path": f"/{path}"}
    yield {"iso_path": f"/{path.upper()};1"}
    yield {"iso_path": f"/{path.upper()}"}


def read(iso: Any, path: str, *, limit: int = 1 << 20) -> bytes | None:  # noqa: ANN401
    """Return what the file at `path` holds; None if there is none, or more than `limit` bytes."""
    name = locate(iso, path)
    if name is None or iso.get_record(**name).get_data_length() > limit:
        return None
    return _read(iso, name)


def _read(iso: Any, name: dict[str, str]) -> bytes:  # noqa: ANN401  # pycdlib is untyped
    content = io.BytesIO()
    iso.get_file_from_iso_fp(content, **name)
    return content.getvalue()


def holds(iso: Any, path: str, content: bytes) -> bool:  # noqa: ANN401  # pycdlib is untyped
    """Tell whether the file at `path` holds `content` under each kind of name the ISO gives it."""
    names = [name for name in _names(iso, path) if _is_file(iso, name)]
    return bool(names) and all(_read(iso, name) == content for name in names)


def add(iso: Any, name: str, content: bytes) -> None:  # noqa: ANN401  # pycdlib is untyped
    """Add a file to the root, under every kind of name that the ISO has.

    Its times are those of the root, not of today: the same inputs make the same bytes.
    """
    names = {"iso_path": f"/{name.upper()};1"}
    if iso.has_joliet():
        names["joliet_path"] = f"/{name}"
    rock_ridge = {"rr_name": name, "file_mode": 0o100444} if iso.has_rock_ridge() else {}
    iso.add_fp(io.BytesIO(content), len(content), **names, **rock_ridge)
    date = iso.pvd.root_directory_record().date
    for key, path in names.items():
        _date(iso.get_record(**{key: path}), date)


def _date(record: Any, date: Any) -> None:  # noqa: ANN401  # pycdlib is untyped
    record.date = date
    if record.rock_ridge is not None:
        times = record.rock_ridge.dr_entries.tf_record
        times.access_time = times.modification_time = times.attribute_change_time = date


def keep_date(source: Path, output: Path) -> None:
    """Give the descriptors of `output` the modification date of `source`: pycdlib writes now."""
    date = slice(830, 847)  # ECMA-119 8.4.28, in primary and supplementary descriptors alike
    with source.open("rb") as old, output.open("r+b") as new:
        old.seek(_DESCRIPTOR)
        kept = old.read(SECTOR)[date]
        for sector in itertools.count(16):
            new.seek(sector * SECTOR)
            kind = new.read(1)
            if kind in {b"\x01", b"\x02"}:
                new.seek(sector * SECTOR + date.start)
                new.write(kept)
            if kind in {b"\xff", b""}:
                return
