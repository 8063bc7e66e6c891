"""Package repositories at an address: what their metadata holds, read as it comes.

    found = look("https://mirror.example/9/BaseOS/x86_64/os")
    found.record("updateinfo")      # None, or what repomd.xml says of it
    read(found, record, parse)      # `parse` is given what is in the file, verified and unpacked
    packages(found)                 # what primary lists

createrepo_c's own bindings would be 12 MB for the three elements of each package that count here,
and take half a second to import.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.parsers import expat

import msgspec
import urllib3

from builder.errors import MediaError
from builder.kickstart.masking import mask
from builder.media import network, primary, repomd
from builder.media.mirror_list import mirrors
from builder.media.network import Interruption, Refusal
from builder.media.pace import Pace, Patience
from builder.media.primary import Nevra
from builder.media.repomd import Record
from builder.media.unpacked import unpacked
from builder.model.media import shown
from builder.paths.reading import open_plain

SCHEMES = ("http", "https", "file")
_ATTEMPTS = 2
_MIRRORS = 5
_PIECE = 1 << 16
_LARGEST = 4 << 20
"""Bytes of repomd.xml; Fedora's has a few KiB."""
_HINT = "Check the address, and that this host may reach it; then try again."
_PATIENCE = Patience()
T = TypeVar("T")


class Unreachable(MediaError):
    """A repository does not answer, or not to the end, or its files are of different moments."""

    may_pass = True
    """Asked later, it may."""


class Online(msgspec.Struct, frozen=True, kw_only=True):
    """A package repository, as its repomd.xml describes it."""

    url: str
    """The folder with repodata/ in it; it may hold credentials."""
    records: tuple[Record, ...]

    def record(self, *types: str) -> Record | None:
        """Return the first of the types that is there."""
        known = {each.type: each for each in reversed(self.records)}
        return next((known[each] for each in types if each in known), None)


def look(url: str, *, patience: Patience = _PATIENCE) -> Online:
    """Return what repomd.xml says of the repository in a folder: http(s):// or file://.

    Raises MediaError where it cannot be had, and where it lists no packages that we can read.
    """
    text = _persistent(url, lambda: _small(_within(url, repomd.PATH), patience))
    try:
        records = repomd.parse(text)
    except ET.ParseError as error:
        raise failure(url, f"its {repomd.PATH} is no XML") from error
    found = Online(url=url, records=records)
    if found.record("primary") is None:
        raise failure(url, "its list of packages is in none of the forms that createrepo_c writes")
    return found


def look_listed(url: str, *, patience: Patience = _PATIENCE) -> Online:
    """Return what the first mirror of a list has that answers.

    Raises MediaError where the list cannot be had, and what the last of five mirrors fails with.
    """
    text = _persistent(url, lambda: _small(_address(url), patience))
    failed = failure(url, "no mirror is in that list")
    for mirror in mirrors(text)[:_MIRRORS]:
        try:
            return look(mirror, patience=patience)
        except MediaError as error:
            failed = error
    raise failed


def read(
    repository: Online,
    record: Record,
    parse: Callable[[Iterable[bytes]], T],
    *,
    patience: Patience = _PATIENCE,
) -> T:
    """Return what `parse` makes of what is in a file, unpacked; it is called anew after a break.

    Raises MediaError for what cannot be had, unpacked or parsed, and for what has not the checksums
    that repomd.xml gives: mirrors in the middle of an update have such, or not even the file, so
    these errors may pass.
    """
    url = repository.url

    def attempt() -> T:
        return parse(
            unpacked(
                _stream(_within(url, record.href), patience),
                name=record.href,
                damaged=partial(failure, url, error_class=Unreachable),
                checksum=record.checksum,
                open_checksum=record.open_checksum,
            )
        )

    try:
        return _persistent(url, attempt, refused=Unreachable)
    except (expat.ExpatError, ET.ParseError, ValueError) as error:
        raise failure(url, f"its {record.href} cannot be read: {error}") from error


def packages(repository: Online, *, patience: Patience = _PATIENCE) -> tuple[Nevra, ...]:
    """Return all packages of the repository. Raises what `read` does."""
    record = repository.record("primary")
    return read(repository, record, primary.packages, patience=patience) if record else ()


def failure(url: str, reason: str, error_class: type[MediaError] = MediaError) -> MediaError:
    """Return the error of a repository; nothing in its address opens anything."""
    named = mask(shown(url))
    return error_class(f"The package repository {named} cannot be read: {reason}.", hint=_HINT)


def _address(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Refusal("its address cannot be used") from error


def _within(url: str, path: str) -> SplitResult:
    parts = _address(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{path}", fragment="")


def _persistent(url: str, do: Callable[[], T], *, refused: type[MediaError] = MediaError) -> T:
    """Do it, once more after a break; say which repository it was about."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return do()
        except Interruption as error:
            if attempt == _ATTEMPTS:
                raise failure(url, str(error), Unreachable) from error
            time.sleep(attempt)
        except Refusal as error:
            raise failure(url, str(error), refused) from error
    raise AssertionError  # the last attempt has returned or raised


def _small(address: SplitResult, patience: Patience) -> bytes:
    if address.scheme in ("http", "https"):
        return network.small(address.geturl(), limit=_LARGEST, patience=patience)
    content = b""
    for piece in _stream(address, patience):
        content += piece
        if len(content) > _LARGEST:
            raise Refusal(f"{address.path} has more than {_LARGEST} bytes")
    return content


def _stream(address: SplitResult, patience: Patience) -> Iterator[bytes]:
    if address.scheme in ("http", "https"):
        return _received(address.geturl(), patience)
    if address.scheme == "file" and address.netloc in ("", "localhost"):
        return _local(Path(unquote(address.path)))
    raise Refusal("builder reads repositories by http, https and file alone")


def _local(path: Path) -> Iterator[bytes]:
    try:
        with open_plain(path) as file:
            while piece := file.read(_PIECE):
                yield piece
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Refusal(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _received(url: str, patience: Patience) -> Iterator[bytes]:
    """Yield a file as it comes. Raises Refusal and Interruption."""
    pace, came = Pace(patience), 0
    with network.get(url, first=0, patience=patience) as response:
        network.refuse_status(response, url)
        told = response.headers.get("Content-Length", "")
        try:
            while piece := pace.timed(response.raw.read1, _PIECE):
                came += len(piece)
                yield piece
                if pace.stalls():
                    raise Interruption("the server sends less than 1 KiB a second")
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            raise Interruption("the connection broke") from error
    if told.isdecimal() and came < int(told):
        raise Interruption("the connection broke")
