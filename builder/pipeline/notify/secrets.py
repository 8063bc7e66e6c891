"""Files with passwords and tokens of places that are told."""

import os
import stat
from pathlib import Path

from builder.errors import ConfigError, explained
from builder.monitor import Monitor
from builder.paths.reading import read_text

_LARGEST = 1 << 16


def secret(path: Path, *, monitor: Monitor) -> str:
    """Return the one line of a file; a warning tells of one that others may read.

    Raises ConfigError when there is none.
    """
    with explained(f"Cannot read {path}", hint="Check the path.", error_class=ConfigError):
        mode = os.stat(path).st_mode  # noqa: PTH116  # which raises for a NUL as Path does not
    # A pipe is whoever's it was given to.
    if stat.S_ISREG(mode) and mode & stat.S_IROTH:
        monitor.tell("warning", f"{path} can be read by everybody: `chmod 600` it.")
    found = read_text(path, limit=_LARGEST, pipes=True).strip("\r\n")
    if not found or not found.isprintable():
        raise ConfigError(f"{path} holds no password or token.", hint="It has to be on one line.")
    return found
