"""The transfer of one file by HTTP: answers are judged, and what comes is counted and kept."""

import os
import re
import shlex
from http import HTTPStatus
from io import FileIO
from pathlib import Path

import requests
import urllib3

from builder import files
from builder.errors import HostError, explained
from builder.media import network
from builder.media.follower import Follower
from builder.media.network import Interruption, Refusal
from builder.media.pace import Pace, Patience
from builder.model.release import Medium
from builder.monitor import Monitor, Progress

_CHUNK = 8 << 20
_PAGES = ("text/html", "application/xhtml")
_LENGTH = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")


class Transfer:
    """What one URL gives into a file, in as many attempts as it takes."""

    def __init__(self, url: str, file: FileIO, medium: Medium, *, patience: Patience) -> None:
        self.part, self.medium = Path(str(file.name)), medium
        # Not opened again by its name, which may have become a link.
        self._file = file
        self.resumed = False
        """Whether the last attempt went on with what was there before."""
        self.url, self._patience = url, patience
        self._pace = Pace(patience)
        self._reached = self._have()
        self._from_zero = False
        self._tags: tuple[str, ...] = ()
        self._follower: Follower | None = None

    def attempt(self, monitor: Monitor) -> None:
        """Ask for what is missing and keep what comes.

        Raises Refusal when another attempt is of no use, Interruption when it may be.
        """
        self._pace = Pace(self._patience)
        if self.medium.size is not None and self._have() >= self.medium.size:
            self._truncate(self.medium.size)
            self.resumed = True
            return
        have = 0 if self._from_zero else self._have()
        with network.get(self.url, first=have, patience=self._patience) as response:
            if self._nothing_left(response, have):
                self.resumed = True
                return
            start = self._start(response, have)
            self._receive(response, start, self._total(response, start), monitor=monitor)

    def gained(self) -> bool:
        """Tell whether the last attempt brought more than any before it, and worth its time."""
        gain, self._reached = self._have() - self._reached, max(self._have(), self._reached)
        return self._pace.justifies(gain)

    def discard(self) -> None:
        """Drop what has come: it is wrong."""
        self._truncate(0)
        self._reached = 0

    def digest(self, monitor: Monitor) -> str:
        """Return the sha256 of what has come; most of it is known by then."""
        title, size = f"Checking {self.part.name}", self._have()
        with (
            explained(f"Cannot read {self.part}"),
            monitor.progress(title, total=size) as progress,
        ):
            return self._followed().digest(size, progress)

    def end(self) -> None:
        """Let go of the file."""
        if self._follower:
            self._follower.end()
        self._follower = None

    def _followed(self) -> Follower:
        """Return what hashes the file: from its beginning, also what an earlier process left."""
        if self._follower is None:
            self._follower = Follower(self._file.fileno())
            self._follower.grown(self._have())
        return self._follower

    def _truncate(self, size: int) -> None:
        if self._have() > size:
            self.end()
        self._file.truncate(size)

    def _have(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _nothing_left(self, response: requests.Response, have: int) -> bool:
        """Recognise the answer to a download that was complete, but not yet verified."""
        refused = response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        told = response.headers.get("Content-Range") == f"bytes */{have}"
        return refused and told and self.medium.size is None

    def _start(self, response: requests.Response, have: int) -> int:
        """Return from which byte on the server sends; judge its answer."""
        status = response.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Interruption(network.status(status))
        self._from_zero = False
        if status == HTTPStatus.OK:
            return 0
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if status == HTTPStatus.PARTIAL_CONTENT and found and int(found[1]) == have:
            return have
        if status in {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}:
            raise self._anew("the server does not have the range that is missing")
        raise Refusal(network.status(status))

    def _anew(self, reason: str) -> Interruption:
        """Ask for the whole file next; what is there stays until a right answer replaces it."""
        self._from_zero = True
        return Interruption(reason)

    def _total(self, response: requests.Response, start: int) -> int:
        """Return how long the whole file is; make sure that it is the one that we want."""
        # Login pages of networks come for any address; what has come already is not lost to one.
        if response.headers.get("Content-Type", "").lower().startswith(_PAGES):
            raise Refusal("it answers with a web page")
        # Encoded, neither lengths nor ranges would count the file's own bytes.
        if response.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
            raise Refusal("the server sends it compressed, although it was asked not to")
        # In chunks, one read may wait for the size of the next as long as that drips: only what
        # has its length in front is read piece by piece, and counted.
        if response.headers.get("Transfer-Encoding", "identity").lower() not in {"", "identity"}:
            raise Refusal("the server sends it in chunks, not as a file of a known length")
        length = response.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length):
            raise Refusal("the server does not say how many bytes it sends")
        found = _RANGE.fullmatch(response.headers.get("Content-Range", "")) if start else None
        total = int(found[2]) if found and found[2] != "*" else start + int(length)
        if self.medium.size is not None and total != self.medium.size:
            raise Refusal(f"it has {total} bytes, expected {self.medium.size}")
        self._compare_tags(response, start)
        return total

    def _compare_tags(self, response: requests.Response, start: int) -> None:
        """Notice a file that is replaced on the server between two attempts.

        Both tags must differ: mirrors that share a name keep the time, but not Apache's ETag.
        """
        known = self._tags
        self._tags = tuple(response.headers.get(each, "") for each in ("ETag", "Last-Modified"))
        given = [(old, new) for old, new in zip(known, self._tags, strict=False) if old and new]
        if start and given and all(old != new for old, new in given):
            raise self._anew("the file on the server is another one than before")

    def _receive(
        self, response: requests.Response, start: int, total: int, *, monitor: Monitor
    ) -> None:
        _check_space(self.part.parent, total - self._have())
        self.resumed = start > 0
        with monitor.progress(self.medium.file, total=total) as progress:
            progress.advance(start)
            try:
                self._write(response, start, total, progress)
            except urllib3.exceptions.ReadTimeoutError as error:
                raise Interruption(f"the server stopped sending {self._where(total)}") from error
            except urllib3.exceptions.HTTPError as error:
                raise Interruption(f"the connection broke {self._where(total)}") from error
        if self._have() != total:
            raise Interruption(f"the connection broke {self._where(total)}")

    def _where(self, total: int) -> str:
        return f"after {self._have() / 2**20:.1f} of {total / 2**20:.1f} MiB"

    def _write(
        self, response: requests.Response, start: int, total: int, progress: Progress
    ) -> None:
        left = total - start
        if not start:
            self._truncate(0)
        follower, begun = self._followed(), start
        # Whatever was announced, no more than the file is taken; read1 waits for no full block.
        while block := self._pace.timed(response.raw.read1, min(files.BLOCK, left)):
            self._append(block)
            left -= len(block)
            follower.grown(total - left)
            begun = self._to_disk(begun, total - left)
            progress.advance(len(block))
            if self._pace.stalls():
                raise Interruption("the server sends less than 1 KiB a second")

    def _to_disk(self, begun: int, end: int) -> int:
        """Have what was begun at `begun` written now and then: the final sync waits for the rest.

        The call starts to write dirty pages, and only drops those that are written.
        """
        if end - begun < _CHUNK:
            return begun
        os.posix_fadvise(self._file.fileno(), begun, end - begun, os.POSIX_FADV_DONTNEED)
        return end

    def _append(self, block: bytes) -> None:
        with files.writing(self.part.parent):
            while block:
                block = block[self._file.write(block) :]


def _check_space(folder: Path, needed: int) -> None:
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    if needed > free:
        raise HostError(
            f"The download needs {needed} bytes, but {folder} has only {free} free.",
            hint=f"Make room: `df -h {shlex.quote(str(folder))}`.",
        )
