"""What is left of a build for people to read, without what opens something."""

import os
from contextlib import suppress
from pathlib import Path

from builder import files
from builder.dossier import page
from builder.errors import HostError
from builder.kickstart.hiding import hiding
from builder.model.hiding import NOTHING, Hiding
from builder.paths.reading import is_plain
from builder.recipes import steps
from builder.record import logs
from builder.record.builds import RUNNING, STOPPED, Build
from builder.record.checkpoint import Checkpoint
from builder.record.journal import Journal


def hides(checkpoint: Checkpoint) -> Hiding:
    """Return what takes out of texts what a build that has not ended hides in its kickstart."""
    with suppress(HostError):  # another version's
        if kickstart := steps.render_kickstart.result(checkpoint):
            return hiding(kickstart.text)
    return NOTHING


def hidden_of(folder: Path) -> Hiding:
    """Return the same of the build in a folder. Raises HostError where that may not be read."""
    return hides(Checkpoint.read(folder))


def write_up(journal: Journal) -> None:
    """Write the page of the build, and leave in its logs nothing that opens something.

    That is a help: what stands in its way is told, and hides nothing of how the build ended.
    """
    hide = journal.monitor.hide
    try:
        if journal.record.state != STOPPED:  # else somebody may go on with them
            logs.conceal(journal.folder, hide)
        page.write(journal.folder, hide=hide)
    except (HostError, OSError) as error:
        journal.monitor.tell("warning", f"What opens something may be left in logs: {error}")


def dossier(found: Build) -> Path | None:
    """Return the page of a build, written anew unless nothing has happened since it was."""
    path = found.folder / page.FILE
    if found.state != RUNNING and _is_current(path):
        return path
    with suppress(HostError):  # the page is a by-product, and the folder may be another user's
        return page.write(found.folder, hide=hidden_of(found.folder))
    return None


def _is_current(page: Path) -> bool:
    others = map(_seen, (page.with_name("build.json"), page.with_name("events.jsonl")))
    written = _seen(page)
    return written is not None and all(
        each.st_mtime_ns <= written.st_mtime_ns for each in others if each
    )


def parts(folder: Path) -> list[tuple[str, int]]:
    """Return the names and sizes of what a build has left, but for what is hidden.

    It may vanish while it is looked at.
    """
    found = [(path, _seen(path)) for path in files.inside(folder) if path.name[0] != "."]
    return [(path.name, stat.st_size) for path, stat in found if stat]


def _seen(path: Path) -> os.stat_result | None:
    """Return what is known of a plain file; None where there is none, or none any more."""
    with suppress(FileNotFoundError):
        return path.stat() if is_plain(path) else None
    return None
