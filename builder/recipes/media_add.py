"""An ISO that somebody has, into the iso pool: what it is, and who says that it is right."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import msgspec

from builder import files
from builder.errors import MediaError
from builder.media.checksum_list import is_dated
from builder.media.inspect import inspect
from builder.media.obtain import Folders, looked_up, pool_name
from builder.media.pace import Patience
from builder.media.stage import stage, verify
from builder.model.media import Download, IsoFacts, StagedIso, Voucher
from builder.model.release import Medium, Release
from builder.model.storage import Pool
from builder.model.text import rfc3339
from builder.monitor import Monitor
from builder.record import vouchers


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How it is to be checked, where the catalogue is not to decide."""

    sha256: str = ""
    unverified: bool = False


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """An ISO that is in the pool now."""

    iso: StagedIso
    what: str


class _Row(NamedTuple):
    release: Release
    name: str
    medium: Medium

    @property
    def title(self) -> str:
        return f"{self.release.title}, {self.name}"


class _Known(NamedTuple):
    what: str
    voucher: Voucher
    file: str
    """Its name in the pool."""
    asked: str
    sha256: str = ""
    """What it must have; empty takes any."""


def add(
    file: Path,
    releases: Sequence[Release],
    *,
    pool: Pool,
    folders: Folders,
    wish: Wish,
    monitor: Monitor,
) -> Added:
    """Put an ISO into the pool, under the name by which builds find it.

    Raises MediaError where nobody says which sha256 it must have, and where it has another.
    """
    facts = inspect(file)
    # What is somebody else's gets no attribute of ours.
    digest = files.remembered(file) or files.sha256(file, monitor=monitor)
    verify(file.name, digest, wish.sha256)  # whatever the catalogue knows
    rows = [_Row(each, name, medium) for each in releases for name, medium in each.media.items()]
    known = (
        _in_catalogue(rows, digest)
        or _by_wish(file, rows, facts, wish=wish)
        or _listed(file, rows, facts, digest, folders=folders, monitor=monitor)
    )
    iso = stage(
        file,
        pool=pool,
        expected_sha256=known.sha256 or None,
        name=known.file,
        monitor=monitor,
    )
    record = vouchers.Record(
        sha256=iso.sha256,
        file=iso.volume,
        asked=known.asked,
        voucher=known.voucher,
        when=rfc3339(datetime.now(UTC), "milliseconds"),
    )
    voucher = vouchers.keep(folders.state, record, monitor=monitor)
    return Added(iso=msgspec.structs.replace(iso, voucher=voucher), what=known.what)


def _in_catalogue(rows: Sequence[_Row], digest: str) -> _Known | None:
    for row in rows:
        if row.medium.sha256 == digest:
            name, voucher = row.medium.file, Voucher(state="catalogue")
            return _Known(row.title, voucher, name, name, digest)
    return None


def _by_wish(file: Path, rows: Sequence[_Row], facts: IsoFacts, *, wish: Wish) -> _Known | None:
    if not wish.sha256 and not wish.unverified:
        return None
    row = _alike(file, rows, facts)
    # One that moves is asked for by a name without the date.
    moves = (each.medium.file for each in rows if each.release.rolling)
    asked = next((each for each in moves if is_dated(file.name, each)), file.name)
    state = Voucher(state="given" if wish.sha256 else "unverified")
    return _Known(_looks_like(row, facts), state, file.name, asked, wish.sha256)


def _listed(
    file: Path,
    rows: Sequence[_Row],
    facts: IsoFacts,
    digest: str,
    *,
    folders: Folders,
    monitor: Monitor,
) -> _Known:
    """Look it up in the lists of those whose medium it may be."""
    for row in rows:
        if row.medium.file == file.name and row.medium.sha256:
            voucher = Voucher(state="catalogue")  # which it has not: staging says so
            return _Known(row.title, voucher, file.name, file.name, row.medium.sha256)
    failure: MediaError | None = None
    for row in _candidates(file, rows, facts):
        source = Download.of(row.release, row.medium)
        try:
            told = looked_up(file.name, source, folders, patience=Patience(), monitor=monitor)
        except MediaError as error:
            failure = failure or error
            continue
        if told.listed.sha256 == digest or row.medium.file == file.name:
            name = pool_name(source, told.listed)
            return _Known(row.title, told.voucher, name, row.medium.file, told.listed.sha256)
    raise _unknown(file, _looks_like(_alike(file, rows, facts), facts), failure)


def _unknown(file: Path, what: str, failure: MediaError | None) -> MediaError:
    why = f": {failure.message[0].lower()}{failure.message[1:].rstrip('.')}" if failure else ""
    return MediaError(
        f"Nobody says which sha256 {file.name} must have, which looks like {what}{why}.",
        hint="Give the one of the vendor's page of downloads with --sha256 HEX, or take the file "
        "as it is with --allow-unverified.",
    )


def _candidates(file: Path, rows: Sequence[_Row], facts: IsoFacts) -> Iterator[_Row]:
    """Yield the rows whose vendors may know it, the one with its name first."""
    alike = [each for each in rows if _fits(each.release, facts) or each.medium.file == file.name]
    listed = [each for each in alike if each.release.checksums and each.release.urls]
    yield from sorted(listed, key=lambda each: each.medium.file != file.name)


def _alike(file: Path, rows: Sequence[_Row], facts: IsoFacts) -> _Row | None:
    named = (each for each in rows if each.medium.file == file.name)
    fitting = (each for each in rows if _fits(each.release, facts))
    return next(named, None) or next(fitting, None)


def _fits(release: Release, facts: IsoFacts) -> bool:
    patterns = (release.volume_id, *release.other_volume_ids)
    return any(fnmatchcase(facts.volume_id, each) for each in patterns)


def _looks_like(row: _Row | None, facts: IsoFacts) -> str:
    """Return what it is by its name or volume id, else by its .treeinfo or .discinfo."""
    says = " ".join(filter(None, (facts.product, facts.version, facts.arch)))
    return row.release.title if row else says or f"the volume {facts.volume_id!r}"
