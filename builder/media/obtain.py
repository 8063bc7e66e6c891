"""From a row of the catalogue to a verified ISO in the pool, and who says that it is right."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.errors import MediaError
from builder.media.checksum_list import Listed, is_dated
from builder.media.fetch import fetch
from builder.media.pace import Patience
from builder.media.stage import is_there
from builder.media.vendor_list import Offline, Vouched, vouched
from builder.model.media import AtHand, Download, Voucher
from builder.model.text import rfc3339
from builder.monitor import Monitor
from builder.record import vouchers

_PATIENCE = Patience()
_Expected = tuple[str, Voucher]
_OWN = 12
"""Digits of the digest that tell two files of one name apart."""


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are kept."""

    pool: Path
    """ISOs."""
    cache: Path
    """Keys."""
    state: Path
    """Who vouched for what."""


class Obtained(msgspec.Struct, frozen=True, kw_only=True):
    """A verified ISO."""

    path: Path
    sha256: str
    voucher: Voucher


def obtain(
    source: Download, folders: Folders, *, monitor: Monitor, patience: Patience = _PATIENCE
) -> Obtained:
    """Return the medium in the pool, downloading it unless it is there.

    Its sha256 is the catalogue's, else that of the vendor's list. Raises MediaError for what cannot
    be had or is wrong, HostError when the pool is full.
    """
    medium = source.medium
    if medium.sha256:
        path = fetch(source, cache=folders.pool, monitor=monitor, patience=patience)
        voucher = Voucher(state="catalogue")
        return _kept(source, folders, path, medium.sha256, voucher=voucher, monitor=monitor)
    good = _good(source)
    if not source.rolling and (found := _known(source, folders, good, monitor=monitor)):
        monitor.tell("note", f"{found.path.name} is in the pool already")
        return found
    try:
        told = _told(source, folders, monitor=monitor, patience=patience)
    except Offline as error:
        found = _known(source, folders, (*good, "given"), monitor=monitor)
        if not found:
            raise
        if source.urls:
            monitor.tell("warning", error.message)
        monitor.tell("note", f"going on with {found.path.name} of the pool: {found.voucher}")
        return found
    return _downloaded(source, told, folders, monitor=monitor, patience=patience)


def foreseen(source: Download, folders: Folders) -> str:
    """Return the sha256 of what `obtain` would return without asking anybody; "" where it would.

    No ISO is read for it: one in the pool whose digest is not remembered counts as unknown.
    """
    if source.sha256 or source.rolling:
        return source.sha256
    found = _verified(source, folders, _good(source), files.remembered)
    return found.sha256 if found else ""


def latest(source: Download, folders: Folders) -> Path | None:
    """Return the newest ISO of the pool that was verified as this medium; none is read for it."""
    found = _verified(source, folders, (*_good(source), "given"), files.remembered)
    return found.path if found else None


def refuse_absent(source: Download, folders: Folders) -> None:
    """Raise Offline for a medium that can only be added, and was not; nothing is hashed for it."""
    file = source.medium.file
    names = {each.file for each in vouchers.known(folders.state) if each.asked == file}
    if not source.urls and not any(is_there(folders.pool / each) for each in (file, *names)):
        raise _unaddressed(source)


def _unaddressed(source: Download) -> Offline:
    return Offline(
        f"{source.medium.file} cannot be downloaded: no address of it is known.",
        hint="Get it from its vendor (RHEL: as a customer); `builder iso add FILE --sha256 HEX` "
        "puts it into the pool, with the sha256 of the page of downloads.",
    )


def _told(source: Download, folders: Folders, *, monitor: Monitor, patience: Patience) -> Vouched:
    if not source.urls:
        raise _unaddressed(source)
    name = source.medium.file
    return vouched(source, name, cache=folders.cache, patience=patience, monitor=monitor)


def expected(
    source: AtHand, folders: Folders, *, monitor: Monitor, patience: Patience = _PATIENCE
) -> _Expected:
    """Return the sha256 that an ISO at hand must have, and who says so; "" where nobody has to.

    Raises MediaError where the vendor's list cannot be had or does not name it.
    """
    if source.sha256:
        return source.sha256, Voucher(state="given" if source.given else "catalogue")
    if source.known is None:
        return "", Voucher(state="unverified")
    known, voucher = source.known, _recalled(source.path, source.known, folders)
    if known.rolling and voucher.state:
        return files.remembered(source.path), voucher
    try:
        told = looked_up(source.path.name, known, folders, patience=patience, monitor=monitor)
    except Offline as error:
        digest = files.remembered(source.path) or files.sha256(source.path, monitor=monitor)
        voucher = vouchers.recalled(folders.state, digest)
        if voucher.state not in _good(known):
            raise
        monitor.tell("warning", error.message)
        return digest, voucher
    return told.listed.sha256, told.voucher


def _recalled(path: Path, known: Download, folders: Folders) -> Voucher:
    """Return who vouched for what lies there, where that could be the medium's vendor.

    Vendors take older ones of what moves away, and their lists: what was verified stays so.
    """
    voucher = vouchers.recalled(folders.state, files.remembered(path))
    return voucher if voucher.state in _good(known) else Voucher()


def looked_up(
    name: str, known: Download, folders: Folders, *, patience: Patience, monitor: Monitor
) -> Vouched:
    """Return what the vendor says of a medium that somebody has under a name.

    Raises Offline, MediaError as `vouched` does.
    """
    ask = partial(vouched, cache=folders.cache, patience=patience, monitor=monitor)
    if known.rolling and is_dated(name, known.medium.file):
        # The dated file has a list of its own, while that of the row's is of the newest.
        with suppress(MediaError):
            return ask(replace(known, medium=replace(known.medium, file=name)), name)
    return ask(known, known.medium.file)


def _good(source: Download) -> tuple[str, ...]:
    """Return the states of those vouchers that a list of the vendor's could give."""
    signed = source.checksums and source.checksums.signature
    return ("signed",) if signed else ("signed", "listed")


def _downloaded(
    source: Download, told: Vouched, folders: Folders, *, monitor: Monitor, patience: Patience
) -> Obtained:
    asked, digest = source.medium.file, told.listed.sha256
    monitor.tell("note", f"the sha256 of {asked} is {digest}: {told.voucher}")
    name = pool_name(source, told.listed)
    wanted = replace(source, medium=replace(source.medium, file=name, sha256=digest))
    path = fetch(
        wanted,
        cache=folders.pool,
        monitor=monitor,
        patience=patience,
        names=tuple(dict.fromkeys((told.listed.file, asked))),
    )
    return _kept(source, folders, path, digest, voucher=told.voucher, monitor=monitor)


def pool_name(source: Download, listed: Listed) -> str:
    """Return what the file is called in the pool: what moves gets a name for each content."""
    if not source.rolling or listed.file != source.medium.file:
        return listed.file
    return f"{listed.file.removesuffix('.iso')}-{listed.sha256[:_OWN]}.iso"


def _known(
    source: Download, folders: Folders, states: tuple[str, ...], *, monitor: Monitor
) -> Obtained | None:
    return _verified(source, folders, states, partial(files.digest, monitor=monitor))


def _verified(
    source: Download, folders: Folders, states: tuple[str, ...], digest: Callable[[Path], str]
) -> Obtained | None:
    """Return the newest ISO of the pool that was verified as this medium, if it still is that."""
    for each in vouchers.known(folders.state):
        path = folders.pool / each.file
        fits = each.asked == source.medium.file and each.voucher.state in states
        if fits and is_there(path) and digest(path) == each.sha256:
            return Obtained(path=path, sha256=each.sha256, voucher=each.voucher)
    return None


def _kept(
    source: Download,
    folders: Folders,
    path: Path,
    digest: str,
    *,
    voucher: Voucher,
    monitor: Monitor,
) -> Obtained:
    record = vouchers.Record(
        sha256=digest,
        file=path.name,
        asked=source.medium.file,
        voucher=voucher,
        when=rfc3339(datetime.now(UTC), "milliseconds"),
    )
    vouchers.keep(folders.state, record, monitor=monitor)
    return Obtained(path=path, sha256=digest, voucher=voucher)
