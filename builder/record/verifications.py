"""Checks of published templates: each has a folder for its logs, which outlasts one that fails.

The folder's name is part of that of everything that the check makes on the host, and a record in
it proves that a check made it there. It is locked (flock) as long as a process is at the check, so
what is left of others is nobody's.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from builder import files
from builder.errors import ConfigError, HostError, TemplateError
from builder.model.traces import Traces, is_check
from builder.monitor import Monitor
from builder.paths.reading import read_json
from builder.record.builds import CLOSED, is_folder, same

FILE = "check.json"
_PREFIX = "again-"
_MOST = 1 << 20
"""Bytes of a record."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a check's record."""

    check_id: str
    home: str
    """The folder that it was begun in."""


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

    What is a link, another user's, or has no record of its own is none of ours: its name is that of
    what `gc` removes. Raises HostError when the state folder is there and cannot be read.
    """
    found = (each for each in files.inside(state, hint=CLOSED) if is_check(each.name))
    return tuple(each for each in found if _is_ours(each))


def traces(folder: Path) -> Traces:
    """Return what the check with that folder is known by on its host."""
    return Traces(id=folder.name, folder=folder, began=datetime.now(UTC))


def _is_ours(folder: Path) -> bool:
    with suppress(ConfigError):
        record = read_json(folder / FILE, Record, limit=_MOST)
        genuine = record.check_id == folder.name and same(Path(record.home), folder)
        return genuine and is_folder(folder)
    return False


@contextmanager
def _made(state: Path) -> Iterator[Path]:
    with files.writing(state):
        state.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=_PREFIX, dir=state))
    with files.locked(made):
        with files.writing(made):
            record = Record(check_id=made.name, home=str(made.resolve()))
            (made / FILE).write_bytes(msgspec.json.encode(record))
        yield made
