"""Checks of published templates: each has a folder for its logs, which outlasts one that fails.

The folder's name is part of that of everything that the check makes on the host. It is locked
(flock) as long as a process is at the check, so what is left of others is nobody's.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from builder import files
from builder.errors import HostError, TemplateError
from builder.model.traces import Traces
from builder.monitor import Monitor

_PREFIX = "again-"
_EVERY = f"{_PREFIX}????????"
"""What mkdtemp makes of it; nothing shorter may be taken for a check, and be looked for."""


@contextmanager
def begun(state: Path, *, monitor: Monitor) -> Iterator[Traces]:
    """Make a folder in `state` for the block; it stays when the template or the host fails.

    Raises HostError when it cannot be made.
    """
    with ExitStack() as undo, _made(state) as made:
        undo.callback(shutil.rmtree, made, ignore_errors=True)
        try:
            yield Traces(id=made.name, folder=made, began=datetime.now(UTC))
        except (TemplateError, HostError):  # which may have left guests: gc looks for the folder
            undo.pop_all()
            monitor.tell("note", f"evidence: {made}")
            raise


def abandoned(state: Path) -> tuple[Path, ...]:
    """Return the folders of checks that failed, and of those whose process was killed."""
    return tuple(each for each in sorted(state.glob(_EVERY)) if not files.held(each))


@contextmanager
def _made(state: Path) -> Iterator[Path]:
    with files.writing(state):
        state.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=_PREFIX, dir=state))
    with files.locked(made):
        yield made
