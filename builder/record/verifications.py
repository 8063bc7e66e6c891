"""Checks of published templates: each has a folder for its logs, which outlasts one that fails.

The folder's name is part of that of everything that the check makes on the host. It is locked
(flock) as long as a process is at the check, so what is left of others is nobody's.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from builder import files
from builder.errors import HostError, TemplateError
from builder.model.traces import Traces, is_check
from builder.monitor import Monitor
from builder.record.builds import CLOSED

_PREFIX = "again-"


@contextmanager
def begun(state: Path, *, monitor: Monitor) -> Iterator[Traces]:
    """Make a folder in `state` for the block; it stays when the template or the host fails.

    Raises HostError when it cannot be made.
    """
    with ExitStack() as undo, _made(state) as made:
        undo.callback(shutil.rmtree, made, ignore_errors=True)
        try:
            yield traces(made)
        except (TemplateError, HostError):  # which may have left guests: gc looks for the folder
            undo.pop_all()
            monitor.tell("note", f"evidence: {made}")
            raise


def known(state: Path) -> tuple[Path, ...]:
    """Return the folders of checks: of those that run, that failed, or whose process was killed.

    What is a link, or another user's, is none of ours: its name is that of what `gc` removes.
    Raises HostError when the state folder is there and cannot be read.
    """
    found = (each for each in files.inside(state, hint=CLOSED) if is_check(each.name))
    return tuple(each for each in found if _is_ours(each))


def traces(folder: Path) -> Traces:
    """Return what the check with that folder is known by on its host."""
    return Traces(id=folder.name, folder=folder, began=datetime.now(UTC))


def _is_ours(folder: Path) -> bool:
    with suppress(OSError):
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return False


@contextmanager
def _made(state: Path) -> Iterator[Path]:
    with files.writing(state):
        state.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=_PREFIX, dir=state))
    with files.locked(made):
        yield made
