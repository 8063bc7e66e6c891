"""Standard output and error: nothing that a terminal would obey, and what a full disk means."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from builder.errors import HostError
from builder.model.text import shown


class Shown:
    """A stream that spells out what a terminal would obey; whatever else it can, `bare` does."""

    def __init__(self, stream: TextIO, failed: Callable[[OSError], None]) -> None:
        self.bare = stream
        self._failed = failed

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            self.bare.write(shown(text))
        except OSError as error:
            self._failed(error)
        return len(text)

    def flush(self) -> None:
        """Hand everything to the system."""
        try:
            self.bare.flush()
        except OSError as error:
            self._failed(error)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever a stream has
        return getattr(self.bare, name)


def bare(stream: TextIO) -> TextIO:
    """Return the stream itself: for what moves the cursor on purpose."""
    return stream.bare if isinstance(stream, Shown) else stream


@contextmanager
def guarded() -> Iterator[None]:
    """Show what is printed in the block, whoever prints it.

    Raises HostError, in the block, where standard output is full. That standard error is tells
    nobody anything, and is no reason to end a build.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Shown(sys.stdout, _refuse), Shown(sys.stderr, lambda _error: None)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def document(text: str) -> None:
    """Print what other programs read, byte for byte; on a terminal it is shown like all else."""
    if sys.stdout.isatty():
        sys.stdout.write(text)
    else:
        pour(text.encode(errors="surrogateescape"))


def pour(data: bytes) -> None:
    """Write bytes to standard output at once."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> None:
    if isinstance(error, BrokenPipeError):  # whoever read it has enough
        raise error
    raise HostError(
        f"Cannot write to standard output: {error.strerror}.",
        hint="Only what was to be printed is lost: what the command has done stays done.",
    ) from error
