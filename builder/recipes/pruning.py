"""Remove old records of builds that have ended, but none that anything still needs."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder import files
from builder.config import Settings
from builder.errors import HostError, UsageError, suggest
from builder.host import pools
from builder.host.libvirtd import opened as opened_libvirt
from builder.model.traces import id_in, is_build
from builder.monitor import Monitor
from builder.paths.reading import is_there
from builder.record import artifacts, retention, retention_files
from builder.record.builds import (
    ABANDONED,
    CLOSED,
    RUNNING,
    STOPPED,
    Build,
    born,
    is_folder,
    opened,
)
from builder.record.listing import builds
from builder.record.retention import Past, Retention
from builder.record.retention_files import Contents
from builder.registry.entry import look
from builder.registry.registry import Registry
from builder.virt.ours import ours

_GOOD = "done"
_ENDED = (_GOOD, "failed", "interrupted", "cleared")
_UNENDED = {
    RUNNING: "it runs",
    ABANDONED: "its process was killed: `builder attach` goes on with it, `builder gc` clears it",
    STOPPED: "it can go on: `builder attach` does that, `builder gc --kept` clears it",
}
_BUSY = "a process is at it"
_HOLLOW = timedelta(days=1)
"""A folder without a record that is younger may be that of a build that begins."""


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a build, and what became of it."""

    build_id: str
    name: str
    state: str
    folder: Path
    size: int = 0
    """Bytes of what goes with it."""
    kept: tuple[str, ...] = ()
    """Why it stays; empty where it goes."""
    error: str = ""
    """Why it could not be looked at or removed."""


class _Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What the host has of builds, by their ids."""

    left: Collection[str] = ()
    """By which domains, and files in pools, are known."""
    templates: Collection[str] = ()
    """Which the manifests in the store pool name."""
    versions: Collection[tuple[str, str]] = ()
    """Names and versions of those manifests, which may be damaged."""
    unseen: str = ""
    """Why a pool's folder cannot be read."""


def prune_builds(
    settings: Settings, name: str = "", *, rule: Retention, dry_run: bool = False, monitor: Monitor
) -> tuple[Pruned, ...]:
    """Remove records that the rule, counted for each template's name, lets go; newest first.

    One stays as long as it tells of something that is there, or may be: a template, what a build
    has left on the host and is known by its id, a link to an image whose disk is away. A build that
    has not ended is attach's and gc's. `dry_run` only tells. Raises UsageError for a name of which
    there is no build, HostError when builds or libvirt cannot be asked; what fails of a record is
    in its `error`.
    """
    every = builds(settings.builds, name, monitor=monitor)
    if name and not every:
        known = {each.record.name for each in builds(settings.builds, monitor=monitor)}
        hint = suggest(name, known, none="There are none at all.")
        raise UsageError(f"There is no build of {name!r}.", hint=hint)
    why = _judged(every, rule)
    needs = _needs(settings, {each.record.name for each in every if not why[each.folder]}, monitor)
    found = [
        _settled(each, why[each.folder], needs, links=settings.artifacts, dry_run=dry_run)
        for each in every
        if is_there(each.folder)  # one that finds nothing changed removes its own
    ]
    if not dry_run:
        _clear_hollow(settings.builds, name)
    return tuple(found)


def _judged(every: Iterable[Build], rule: Retention) -> dict[Path, tuple[str, ...]]:
    """Return by its folder why each build stays, as far as its record tells."""
    why: dict[Path, tuple[str, ...]] = {}
    ended: dict[str, list[Build]] = {}
    for build in every:
        if reason := _untouchable(build):
            why[build.folder] = (reason,)
        else:
            ended.setdefault(build.record.name, []).append(build)
    now = datetime.now(UTC)
    for group in ended.values():
        reasons = retention.judge(map(_past, group), rule, now=now)
        why |= {each.folder: reasons[each.record.build_id] for each in group}
    return why


def _untouchable(build: Build) -> str:
    """Return why nobody may remove the record whatever its age; empty for one that has ended."""
    if build.flaw:
        return build.flaw
    if build.state in _ENDED:
        return ""
    return _UNENDED.get(build.state, f"what its state {build.state!r} means is not known here")


def _past(build: Build) -> Past:
    return Past(
        id=build.record.build_id,
        began=build.began,
        ended=build.began + timedelta(seconds=int(build.seconds)),
        good=(build.record.name,) if build.state == _GOOD else (),
        failed=build.state != _GOOD,
    )


def _needs(settings: Settings, names: Collection[str], monitor: Monitor) -> _Needs:
    """Return what the host has of builds of those names; without any nobody is asked."""
    if not names:
        return _Needs()
    with opened_libvirt(settings.uri, monitor=monitor) as connection:
        left = {each.maker.id for each in ours(connection)}
        try:
            iso, store = (pools.started(connection, settings, each).path for each in pools.BOTH)
            for folder in {iso, store}:
                left.update(filter(None, (id_in(path.name) for path in files.inside(folder))))
            versions = [each for each in Registry(store).stems(".json") if each[0] in names]
        except HostError as error:
            return _Needs(unseen=error.message.removesuffix("."))
    headers = (look(store, *each).header for each in versions)
    makers = frozenset(each.build_id for each in headers if each)
    return _Needs(left=left, templates=makers, versions=frozenset(versions))


def _settled(
    build: Build, why: tuple[str, ...], needs: _Needs, *, links: Path | None, dry_run: bool
) -> Pruned:
    told = Pruned(
        build_id=build.record.build_id,
        name=build.record.name,
        state=build.state,
        folder=build.folder,
        kept=why,
    )
    try:
        found = retention_files.contents(build.folder)
        told = replace(told, size=found.size, kept=why or tuple(_needed(build, found, needs)))
        if told.kept or dry_run or _removed(build, found, links=links):
            return told
        return replace(told, kept=(_BUSY,))
    except HostError as error:
        # What stays anyway need not be readable.
        return told if why else replace(told, error=f"{error.message} {error.hint}".strip())


def _needed(build: Build, found: Contents, needs: _Needs) -> Iterator[str]:
    """Yield why a record has to stay that the rule lets go."""
    record = build.record
    if files.held(build.folder):
        yield _BUSY
    if needs.unseen:
        yield f"nobody can tell what there is of it: {needs.unseen}"
    if record.build_id in needs.templates or (record.name, record.version) in needs.versions:
        yield "its template is in the store pool"
    for path in found.images:
        away = "" if is_there(path) else ", but leads nowhere: its pool's disk may be away"
        yield f"{path.name} is there{away}"
    if record.build_id in needs.left:
        yield "something of it is left on the host: `builder gc --kept` clears that"
    if found.others:
        more = f" and {len(found.others) - 1} more" if len(found.others) > 1 else ""
        yield f"no build has written {found.others[0].name}{more}: move that elsewhere"


def _removed(build: Build, found: Contents, *, links: Path | None) -> bool:
    """Remove a record; tell whether it is gone, for a process may be at it. Raises HostError."""
    folder = build.folder
    try:
        with files.locked(folder, wait=False, make=False):
            now = opened(folder)
            if now is None or now.record != build.record:
                return not is_there(folder)
            artifacts.unlink(links, folder)  # first of all: it must never lead nowhere
            retention_files.remove(folder, found)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # somebody else has just removed it
        return True
    except OSError as error:
        raise HostError(f"Cannot lock {folder}: {error.strerror}.", hint=CLOSED) from error
    return True


def _clear_hollow(place: Path, name: str) -> None:
    """Remove folders of which a process that was killed in the end has left no more than that."""
    for release in files.inside(place, hint=CLOSED):
        if name not in ("", release.name) or not is_folder(release):
            continue
        with suppress(HostError, OSError):  # closed to us, or not empty
            for folder in files.inside(release):
                began = born(folder.name) if is_build(folder.name) else None
                if began and began < datetime.now(UTC) - _HOLLOW and is_folder(folder):
                    _rmdir(folder)


def _rmdir(folder: Path) -> None:
    with suppress(OSError):  # it is not empty
        folder.rmdir()
