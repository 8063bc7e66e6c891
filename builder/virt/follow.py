"""Read what a guest writes, from the logs that virtlogd keeps of its ports.

Not from libvirt's streams: those end with the process that opened them and with libvirtd, and a
port that nobody reads makes the guest wait. The logs go on, so that whoever comes later misses
nothing, and `virsh console` stays free for people.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from builder.model.installation import Output, Signal

_CHUNK = 1 << 20
_PAUSE_SECONDS = 0.1


class Tail:
    """A log from its beginning on, across the times that virtlogd begins a new file.

    virtlogd renames a file of 2 MiB to PATH.0, and PATH.0 to PATH.1; it keeps three of those
    (max_size and max_backups in virtlogd.conf).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: list[IO[bytes]] = []
        self._known: set[int] = set()

    def read(self) -> bytes:
        """Return what is new; b"" if nothing is."""
        while True:
            if not self._files and not self._open():
                return b""
            data = self._files[0].read(_CHUNK)
            if data or not (len(self._files) > 1 or self._open()):
                return data
            # The file was renamed: the rest of it came before its successor's first byte.
            data = self._files[0].read(_CHUNK)
            self._files.pop(0).close()
            if data:
                return data

    def close(self) -> None:
        """Stop reading."""
        while self._files:
            self._files.pop().close()

    def _open(self) -> bool:
        """Open the files that are new, oldest first; tell whether there were any."""
        number = 0
        paths = [self._path]
        while (older := self._path.with_name(f"{self._path.name}.{number}")).exists():
            paths.insert(0, older)
            number += 1
        return any([self._add(path) for path in paths])

    def _add(self, path: Path) -> bool:
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        serial = os.fstat(file.fileno()).st_ino
        if serial in self._known:
            file.close()
            return False
        self._known.add(serial)
        self._files.append(file)
        return True


@contextmanager
def follow(logs: Mapping[str, Path], signals: SimpleQueue[Signal]) -> Iterator[None]:
    """Put what the logs hold and get into the queue, by the names of their sources."""
    stop = threading.Event()
    tails = {source: Tail(path) for source, path in logs.items()}

    def read() -> None:
        while not stop.is_set():
            found = [(source, tail.read()) for source, tail in tails.items()]
            for source, data in found:
                if data:
                    signals.put(Output(source=source, data=data))
            if not any(data for _, data in found):
                stop.wait(_PAUSE_SECONDS)

    reader = threading.Thread(target=read, name="read-logs", daemon=True)
    reader.start()
    try:
        yield
    finally:
        stop.set()
        reader.join()
        for tail in tails.values():
            tail.close()
