"""Put a verified ISO into the iso pool."""

import fnmatch
import hashlib
import os
import re
from pathlib import Path

from builder import files
from builder.errors import HostError, MediaError, explained
from builder.iso import copy
from builder.media.inspect import inspect
from builder.model.media import IsoFacts, StagedIso
from builder.model.release import Release
from builder.model.storage import Pool
from builder.monitor import Monitor

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_CHUNK = 64 << 20


def stage(
    source: Path,
    *,
    pool: Pool,
    expected_sha256: str | None,
    volume_ids: tuple[str, ...] = (),
    name: str = "",
    monitor: Monitor,
) -> StagedIso:
    """Copy the ISO at `source` into `pool` under its own or another name, unless it is there.

    It must have `expected_sha256`, if that is not None, and one of the volume ids, if there are
    any. Raises MediaError for a wrong or damaged ISO and for another one of that name, HostError
    when the pool cannot take it.
    """
    facts = suitable(source, volume_ids=volume_ids)
    target = _target(name or source.name, pool)
    if is_there(target):
        digest = _reuse(source, target, expected_sha256, monitor=monitor)
    else:
        digest = _copy(source, target, expected_sha256, monitor=monitor)
    return StagedIso(
        pool=pool.name,
        volume=target.name,
        path=target,
        sha256=digest,
        size=facts.size,
        volume_id=facts.volume_id,
    )


def suitable(source: Path, *, volume_ids: tuple[str, ...] = ()) -> IsoFacts:
    """Return what the ISO is. Raises MediaError for one that no pool can take.

    In volume ids, * stands for anything; where there are none, any will do.
    """
    facts, wanted = inspect(source), volume_ids
    if wanted and not any(fnmatch.fnmatchcase(facts.volume_id, each) for each in wanted):
        raise MediaError(
            f"{source.name} has the volume id {facts.volume_id!r}, expected {wanted[0]!r}.",
            hint="It is the medium of another release: give the right ISO.",
        )
    if not _NAME.fullmatch(source.name):
        raise MediaError(
            f"{source.name!r} cannot be the name of a volume.",
            hint="Rename the file: letters, digits, dot, dash, plus and underscore.",
        )
    return facts


def is_there(path: Path) -> bool:
    """Tell whether there is a file that can be read. Raises for what is none: pipes would block."""
    with explained(f"Cannot look for {path}", hint="You need the right to enter its folder."):
        there = path.exists()
    if there and not path.is_file():
        raise MediaError(f"{path} is no file.", hint="Remove or rename it, then try again.")
    if there and not os.access(path, os.R_OK):
        raise HostError(f"You may not read {path}.", hint="It belongs to another user.")
    return there


def volume_ids(release: Release) -> tuple[str, ...]:
    """Return the volume ids that the release's media may have."""
    return (release.volume_id, *release.other_volume_ids)


def verify(name: str, found: str, expected: str | None) -> None:
    """Raise MediaError when `found` is not the `expected` sha256; None accepts any."""
    if expected and found != expected.lower():
        raise MediaError(
            f"{name} has the sha256 {found}, expected {expected}.",
            hint="Get it again from a mirror you trust; `builder build` and `builder iso add` take "
            "it as it is with --allow-unverified.",
        )


def _target(name: str, pool: Pool) -> Path:
    if not pool.path.is_dir():
        raise HostError(
            f"The folder {pool.path} of the pool {pool.name} does not exist.",
            hint="`builder pool init` creates the pools.",
        )
    return pool.path / name


def _reuse(source: Path, target: Path, expected: str | None, *, monitor: Monitor) -> str:
    """Return the digest of the ISO in the pool, once it is sure that it is the same one.

    What is somebody else's gets no attribute of ours.
    """
    same_size = source.stat().st_size == target.stat().st_size
    digest = same_size and (files.remembered(target) or files.sha256(target, monitor=monitor))
    if not digest or not _same(source, target, digest, monitor=monitor):
        raise MediaError(
            f"The pool holds a different ISO under the name {target.name}.",
            hint=f"Rename {source}, or remove {target} if nothing needs it.",
        )
    files.remember(target, digest)
    verify(target.name, digest, expected)
    monitor.tell("note", f"{target.name} is in the pool already")
    return digest


def _same(source: Path, target: Path, digest: str, *, monitor: Monitor) -> bool:
    # A copy keeps its source's time: equal times spare reading gigabytes.
    if target.samefile(source) or source.stat().st_mtime_ns == target.stat().st_mtime_ns:
        return True
    return files.sha256(source, monitor=monitor) == digest


def _copy(source: Path, target: Path, expected: str | None, *, monitor: Monitor) -> str:
    with files.replacing(target, mode=0o644) as part:
        digest = _copy_and_hash(source, part, monitor=monitor)
        verify(source.name, digest, expected)
        state = source.stat()
        os.utime(part, ns=(state.st_atime_ns, state.st_mtime_ns))
        files.remember(part, digest)
    return digest


def _copy_and_hash(source: Path, part: Path, *, monitor: Monitor) -> str:
    """Let the kernel copy (and share extents if it can); hash what arrived, not what was sent."""
    content = hashlib.sha256()
    title, total = f"Copying {source.name}", source.stat().st_size
    with (
        source.open("rb", buffering=0) as reader,
        part.open("wb", buffering=0) as writer,
        part.open("rb", buffering=0) as arrived,
        monitor.progress(title, total=total) as progress,
    ):
        done = 0
        while step := copy.some(reader.fileno(), writer.fileno(), done, done, _CHUNK):
            done += step
            while block := arrived.read(files.BLOCK):
                content.update(block)
                progress.advance(len(block))
    return content.hexdigest()
