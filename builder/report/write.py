"""Write the report of all recorded runs into a folder."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec

from builder.monitor import Monitor
from builder.record.runs import Outcome, runs
from builder.report import folder as own
from builder.report import names, page
from builder.report.feed import feed
from builder.report.gather import gather, readable
from builder.report.history import History
from builder.report.junit import junit
from builder.report.summary import Report, summarize

FOLDER = "report"
"""In the state folder: where it is unless somebody names another place."""
_DOSSIER = "dossier.html"
PRIVATE, SHARED = 0o700, 0o755
"""Modes of a folder that is made: names and errors may be nobody else's business."""


def write(place: Path, folder: Path, *, mode: int = PRIVATE, monitor: Monitor) -> Report:
    """Write the report of the runs recorded below `place`; return what report.json holds.

    The folder is made with `mode` if need be; files may be read by whoever may look into it. No
    file is replaced or removed but what an earlier report consists of. Raises UsageError for a
    folder that cannot be a report's, HostError for one, or for records, closed to us.
    """
    with own.opened(folder, mode=mode) as earlier:
        found = readable(runs(place, monitor=monitor), monitor=monitor)
        known = gather(found, dossier=partial(_dossier, folder=folder))
        now = datetime.now(UTC)
        report = summarize(
            known, identity=earlier.id or uuid4().urn, files=files_of(known), now=now
        )
        own.write(folder, render(known, report, now=now), earlier)
    return report


def render(known: History, report: Report, *, now: datetime) -> dict[str, str]:
    """Return the files by their names."""
    pages = {names.page_of(name): page.image(known, name, now=now) for name in known.names}
    return {
        names.DATA: _json(report),
        names.INDEX: page.index(known, now=now),
        names.FEED: feed(known, identity=report.id, now=now),
        names.JUNIT: junit(known),
        **pages,
    }


def _json(report: Report) -> str:
    """Return a text of ASCII: what a terminal would obey in it is escaped, and means the same."""
    return f"{json.dumps(msgspec.to_builtins(report, str_keys=True), separators=(',', ':'))}\n"


def files_of(known: History) -> tuple[str, ...]:
    """Return the names of all files of a report."""
    pages = map(names.page_of, known.names)
    return (names.INDEX, names.FEED, names.JUNIT, names.DATA, *pages)


def _dossier(outcome: Outcome, *, folder: Path) -> str:
    """Return the address of the page of the build that came to this, if it is there."""
    if not outcome.folder:
        return ""
    return names.link(f"{outcome.folder}/{_DOSSIER}", seen_from=folder)
