"""All that a page tells of a build, read from its folder; whatever is missing is left out."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

import msgspec

from builder.dossier import excerpt, screens
from builder.dossier.excerpt import Log
from builder.dossier.screens import Shot
from builder.dossier.timeline import Timeline, timeline
from builder.errors import ConfigError
from builder.model.audit import Finding
from builder.model.event import Event
from builder.model.hiding import NOTHING
from builder.model.template import Manifest
from builder.model.text import plain
from builder.paths.reading import is_plain, open_plain, read_data, read_json
from builder.record import events, logs
from builder.record.builds import Build, BuildRecord, load

LOGS = (
    ("console", "Console"),
    ("virtio", "Installer's log, as it arrived"),
    ("installer", "Installer's log, sent with the failure"),
    ("audit/console", "Console of the audit"),
    ("clone-a", "Console of the first clone"),
    ("clone-b", "Console of the second clone"),
)
"""Logs by the names of their files without ".log", in the order of their guests."""

_INPUTS = (("kickstart.ks", "Kickstart"), ("domain.xml", "Domain"))
_LARGEST = 128 * 1024
"""Bytes that are shown of an input."""
_MANIFEST = 16 * 2**20
_MOST = 16 * 2**20
"""Bytes of a log."""
_EVENTS = 300
_END = 12
"""Lines."""
_TROUBLED = ("failed", "stopped", "abandoned", "interrupted")
_LINE = re.compile(r"\bline (\d{1,6})\b.*kickstart|kickstart.*\bline (\d{1,6})\b")
_OWN = re.compile(r"\.|dossier\.html$")


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside the page; `size` in bytes."""

    name: str
    size: int

    @property
    def link(self) -> str:
        """Its address, seen from the page; its name's bytes need be no text."""
        return quote(os.fsencode(self.name))


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One build, ready to be shown."""

    build: Build
    manifest: Manifest | None
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    """Of the disk's audit and of the clones."""
    timeline: Timeline
    screen: Shot | None
    """The last one."""
    film: tuple[Shot, ...]
    excerpt: Log | None
    """What the guest said around the failure, or last where no line tells of it."""
    logs: tuple[Log, ...]
    inputs: tuple[Log, ...]
    files: tuple[File, ...]


def gather(folder: Path, *, hide: Callable[[str], str] = NOTHING) -> Facts:
    """Read a build's folder; of its logs what `hide` leaves.

    Raises OSError only when the folder itself cannot be read.
    """
    build = load(folder) or _unknown(folder)
    happened = events.read(folder / events.FILE)
    failure = next((event for event in reversed(happened) if event.kind == "failure"), None)
    pieces = _read_logs(folder, partial(_said, build.record, failure), hide)
    film = screens.film(folder)
    return Facts(
        build=build,
        manifest=_manifest(folder / "manifest.json"),
        events=_worth_showing(happened),
        findings=(*_findings(folder / "audit.json"), *_findings(folder / "clones.json")),
        timeline=timeline(build, happened),
        screen=screens.last(folder, film),
        film=film,
        excerpt=_excerpt(pieces, failure) if build.state in _TROUBLED else None,
        logs=tuple(
            msgspec.structs.replace(each, lines=excerpt.tail(each.lines)) for each in pieces
        ),
        inputs=_inputs(folder, build.record.error),
        files=_files(folder),
    )


def clean(path: Path) -> Iterator[str]:
    """Give the cleaned lines of a log, from its end if it is huge. Raises OSError."""
    return logs.cleaned(logs.chunks(path, most=_MOST))


def _unknown(folder: Path) -> Build:
    record = BuildRecord(build_id=folder.name, name=folder.parent.name)
    began = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return Build(folder=folder, record=record, state="unknown", began=began, seconds=0)


def _read_logs(
    folder: Path, said: Callable[[str], str], hide: Callable[[str], str]
) -> tuple[Log, ...]:
    found = []
    for name, title in LOGS:
        texts: list[str] = []
        with suppress(OSError):
            texts = list(map(hide, clean(folder / f"{name}.log")))
        if texts:
            lines = tuple(excerpt.number(texts, mark=excerpt.telling(texts, said(name))))
            found.append(Log(file=f"{name}.log", title=title, lines=lines))
    return tuple(found)


def _said(record: BuildRecord, failure: Event | None, name: str) -> str:
    """Return what to look for in a log: the line that told of the failure."""
    if failure and failure.line:
        return failure.line if failure.source in ("", name) else ""
    # Sentences often end in what the guest named: "… not on the medium: nosuch."
    quoted = record.error.partition(": ")[2].rstrip(".")
    return quoted if record.state == "failed" else ""


def _excerpt(pieces: tuple[Log, ...], failure: Event | None) -> Log | None:
    for log in pieces:
        if lines := excerpt.around(list(log.lines)):
            return msgspec.structs.replace(log, lines=lines)
    # The last lines, then, of whom the failure was told of, else of the guest that came last.
    known = {log.file.removesuffix(".log"): log for log in pieces}
    names = (failure.source if failure else "", "clone-a", "audit/console", *known)
    last = next((known[name] for name in names if name in known), None)
    return msgspec.structs.replace(last, lines=last.lines[-_END:]) if last is not None else None


def _worth_showing(happened: tuple[Event, ...]) -> tuple[Event, ...]:
    """Counts of packages come by the hundred, and screens have a strip of their own."""
    told = [event for event in happened if event.kind not in ("package", "screen")]
    return tuple(told[-_EVENTS:])


def _inputs(folder: Path, error: str) -> tuple[Log, ...]:
    found = []
    for name, title in _INPUTS:
        if text := _text(folder / name):
            named = _LINE.search(error) if name == "kickstart.ks" else None
            mark = int(named[1] or named[2]) if named else 0
            lines = excerpt.number(map(plain, text.splitlines()), mark=mark)
            found.append(Log(file=name, title=title, lines=tuple(lines)))
    return tuple(found)


def _manifest(path: Path) -> Manifest | None:
    try:
        return Manifest.parse(read_data(path, limit=_MANIFEST))
    except (ConfigError, ValueError, RecursionError):
        return None


def _findings(path: Path) -> tuple[Finding, ...]:
    try:
        return read_json(path, tuple[Finding, ...])
    except ConfigError:
        return ()


def _text(path: Path) -> str:
    with suppress(OSError), open_plain(path) as file:
        return file.read(_LARGEST).decode(errors="replace")
    return ""


def _files(folder: Path) -> tuple[File, ...]:
    found = []
    for path in sorted(folder.iterdir()):
        with suppress(OSError):
            if is_plain(path) and not _OWN.match(path.name):
                found.append(File(name=path.name, size=path.stat().st_size))
    return tuple(found)
