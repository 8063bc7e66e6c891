"""The digest of a file while it grows: it is known when the last byte has come, not minutes later.

What is hashed is read from the file, not what was handed to it: what arrived counts. hashlib lets
other threads run while it works, so a second processor does it.
"""

import hashlib
import os
import threading

from builder import files
from builder.monitor import Progress

_LOOK = 0.2
"""Seconds between two looks at how far it is."""


class Follower:
    """Hashes an open file from its beginning, as far as it is told that there are bytes."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._content = hashlib.sha256()
        self._there = self._done = 0
        self._ended = False
        self._error: OSError | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def done(self) -> int:
        """How many bytes are hashed."""
        return self._done

    def grown(self, size: int) -> None:
        """Tell how many bytes there are now; they will not change any more."""
        with self._changed:
            self._there = max(size, self._there)
            self._changed.notify_all()

    def digest(self, size: int, progress: Progress) -> str:
        """Return the sha256 of the first `size` bytes, which are there. Raises OSError."""
        self.grown(size)
        shown = 0
        while shown < size and not self._error:
            with self._changed:
                self._changed.wait_for(lambda: self._done >= size or self._error, _LOOK)
                done = self._done
            progress.advance(done - shown)
            shown = done
        self.end()
        if self._error:
            raise self._error
        return self._content.hexdigest()

    def end(self) -> None:
        """Hash no more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            while size := self._next():
                block = os.pread(self._handle, size, self._done)
                if not block:
                    raise OSError(0, "it became shorter while it was downloaded")
                self._content.update(block)
                with self._changed:
                    self._done += len(block)
                    self._changed.notify_all()
        except OSError as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _next(self) -> int:
        """Wait for bytes; return how many to read, 0 at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._there > self._done or self._ended)
            return 0 if self._ended else min(files.BLOCK, self._there - self._done)
