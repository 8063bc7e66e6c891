"""Where the program begins: `builder`, or python -m builder.

Nothing is imported before signals are minded and the standard streams are there.
"""

import _signal  # type: ignore[import-not-found]  # no more than signal needs, which takes long
import gc
import os
import sys


def main() -> None:
    """Make the process ready, and run the command line."""
    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _leave)
    _open_streams()
    # Imports alone wake the collector dozens of times, for nothing: a twentieth of a short command.
    gc.set_threshold(50_000)
    from builder.cli import app  # noqa: PLC0415  # see above

    app.main()


def _leave(_number: int, _frame: object) -> None:
    """End at once: nothing was begun yet."""
    try:
        os.write(2, b"interrupted: nothing was begun.\n")
    finally:  # standard error may be closed
        os._exit(130)


def _open_streams() -> None:
    """Put /dev/null where cron and daemons left nothing: else the next file has that number."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  # standard error
        os.set_inheritable(handle, True)
    os.close(handle)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


if __name__ == "__main__":
    main()
