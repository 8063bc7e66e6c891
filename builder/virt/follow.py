"""Read what a guest writes, from the logs that virtlogd keeps of its ports.

Not from libvirt's streams: those end with the process that opened them and with libvirtd, and a
port that nobody reads makes the guest wait. The logs go on, so that whoever comes later misses
nothing, and `virsh console` stays free for people.
"""

import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from builder.model.installation import Output, Signal

_CHUNK = 1 << 20
_PAUSE_SECONDS = 0.1
_UNKNOWN, _STILL_OPEN = 10, 300
"""So many looks in vain end a log, too: where nobody can tell, and whoever may have it open."""


class Tail:
    """A log from its beginning on, across the times that virtlogd begins a new file.

    virtlogd renames a file of 2 MiB to PATH.0, and PATH.0 to PATH.1; it keeps three of those
    (max_size and max_backups in virtlogd.conf).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: list[IO[bytes]] = []

    def read(self) -> bytes:
        """Return what is new; b"" if nothing is."""
        while True:
            if not self._files and not self._open():
                return b""
            data = self._files[0].read(_CHUNK)
            if data or not (len(self._files) > 1 or self._open()):
                return data
            # The file was renamed: the rest of it came before its successor's first byte.
            if data := self._files[0].read(_CHUNK):
                return data
            self._files.pop(0).close()

    @property
    def looks(self) -> int:
        """How many looks in vain prove that nothing more will come, when the guest has ended.

        virtlogd closes a log after the last byte: then it is one.
        """
        if not self._files and not self._open():
            return 1
        newest = self._files[-1]
        # The kernel gives a lease only where there is no writer. Should one come in this moment, it
        # sends a signal, by default one that kills.
        try:
            fcntl.fcntl(newest, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(newest, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(newest, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return _STILL_OPEN
        except OSError:
            return _UNKNOWN
        return 1

    def close(self) -> None:
        """Stop reading."""
        while self._files:
            self._files.pop().close()

    def _open(self) -> bool:
        """Open the files that came after those that are open; tell whether there were any."""
        # The last stays open until there is a next one: its inode is nobody else's until then.
        last = _serial(self._files[-1]) if self._files else None
        with suppress(FileNotFoundError):
            if last == self._path.stat().st_ino:  # most often, and ten times a second
                return False
        found = _opened(self._path)
        serials = [_serial(each) for each in found]
        older = serials.index(last) + 1 if last in serials else 0
        for each in found[:older]:
            each.close()
        self._files += found[older:]
        return bool(found[older:])


def remove(logs: Iterable[Path]) -> None:
    """Remove logs of an earlier guest, and what virtlogd has put aside of them."""
    for log in logs:
        for file in _names(log):
            file.unlink(missing_ok=True)


def _opened(path: Path) -> list[IO[bytes]]:
    """Open all files of a log, oldest first.

    They are renamed from the newest to the oldest meanwhile: a second look sees what the first
    missed.
    """
    while True:
        found = [file for each in _names(path) if (file := _file(each)) is not None]
        now = [file for each in _names(path) if (file := _file(each)) is not None]
        same = [_serial(each) for each in found] == [_serial(each) for each in now]
        for file in now if same else (*found, *now):
            file.close()
        if same:
            return found


def _names(path: Path) -> list[Path]:
    """Return what the files of a log may be called, oldest first; not all may be there."""
    numbers = [each.suffix[1:] for each in path.parent.glob(f"{path.name}.*")]
    count = max((int(each) + 1 for each in numbers if each.isdecimal()), default=0)
    return [*(path.with_name(f"{path.name}.{number}") for number in reversed(range(count))), path]


def _file(path: Path) -> IO[bytes] | None:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        return None


def _serial(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_ino


class _Reader:
    """Reads all logs of a guest, in a thread of its own."""

    def __init__(self, logs: Mapping[str, Path], signals: SimpleQueue[Signal]) -> None:
        self._tails = {source: Tail(path) for source, path in logs.items()}
        self._signals = signals
        self._last: SimpleQueue[Signal] = SimpleQueue()
        self._replays = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="read-logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for tail in self._tails.values():
            tail.close()

    def put_last(self, signal: Signal) -> None:
        """Put it into the queue behind all that the guest has written."""
        self._last.put(signal)

    def _run(self) -> None:
        in_vain = 0
        while not self._stop.is_set():
            # Asked before the logs are read: what was written by then is read below.
            ended = not self._last.empty()
            looks = max((tail.looks for tail in self._tails.values()), default=1) if ended else 0
            if self._read():
                in_vain = 0
                continue
            self._replays = False
            in_vain = in_vain + 1 if ended else 0
            if ended and in_vain >= looks:
                self._signals.put(self._last.get())
            else:
                self._stop.wait(_PAUSE_SECONDS)

    def _read(self) -> bool:
        """Put what is new into the queue; tell whether anything was."""
        found = [(source, tail.read()) for source, tail in self._tails.items()]
        for source, data in found:
            if data:
                self._signals.put(Output(source=source, data=data, replayed=self._replays))
        return any(data for _, data in found)


@contextmanager
def follow(
    logs: Mapping[str, Path], signals: SimpleQueue[Signal]
) -> Iterator[Callable[[Signal], None]]:
    """Put what the logs hold and get into the queue, by the names of their sources.

    The block gets a function that puts a signal there after all that the guest has written: what
    it said last may still be on its way when the news of its end arrives.
    """
    reader = _Reader(logs, signals)
    reader.start()
    try:
        yield reader.put_last
    finally:
        reader.stop()
