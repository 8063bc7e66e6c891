"""What is left of a build for people to read, without what opens something."""

from contextlib import suppress
from pathlib import Path

from builder.dossier import page
from builder.errors import HostError
from builder.kickstart.hiding import hiding
from builder.model.hiding import NOTHING, Hiding
from builder.recipes import steps
from builder.record import logs
from builder.record.builds import STOPPED
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
