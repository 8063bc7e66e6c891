"""Download media: resumable, from the first folder that serves them, verified before use."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import requests

from builder import files
from builder.errors import HostError, MediaError
from builder.model.media import Download
from builder.model.release import Medium
from builder.monitor import Monitor, Progress

_TIMEOUTS = (10.0, 60.0)  # seconds to connect, and between two pieces of the body
_ATTEMPTS = 4  # for each URL
_RANGE = re.compile(r"bytes (?P<first>\d+)-\d+/(?:\d+|\*)")


class _Refusal(Exception):
    """This URL will not serve the medium, however often it is asked."""


class _Interruption(Exception):
    """The transfer broke off; what has come is kept and another attempt goes on from there."""


def fetch(source: Download, *, cache: Path, monitor: Monitor) -> Path:
    """Return the verified ISO in `cache`, downloading it unless it is there.

    Raises MediaError naming every URL tried and why it failed, HostError when `cache` is full.
    """
    medium = source.medium
    if not medium.sha256 or not source.urls:
        raise MediaError(
            f"{medium.file} cannot be downloaded: the catalogue has no address or no sha256 of it.",
            hint="Give the ISO to `builder build` with --iso FILE.",
        )
    with files.writing(cache):
        cache.mkdir(parents=True, exist_ok=True)
    target = cache / medium.file
    part = target.with_name(f"{target.name}.part")
    if not _already(target, medium, monitor):
        with _alone(part, monitor):
            if not _already(target, medium, monitor):
                _download(source, target, part=part, monitor=monitor)
    return target


def _already(target: Path, medium: Medium, monitor: Monitor) -> bool:
    if not target.exists():
        return False
    found = files.digest(target, monitor=monitor)
    if found != medium.sha256:
        raise MediaError(
            f"{target} has the sha256 {found}, expected {medium.sha256}.",
            hint="Remove or rename it; then the right one is downloaded.",
        )
    return True


@contextmanager
def _alone(part: Path, monitor: Monitor) -> Iterator[None]:
    """Keep builds that want the same ISO from writing into one file at once."""
    with _locked(part, monitor):
        try:
            yield
        finally:
            if part.exists() and not part.stat().st_size:
                part.unlink()


def _locked(part: Path, monitor: Monitor) -> IO[bytes]:
    while True:
        with files.writing(part.parent):
            handle = part.open("ab")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            monitor.tell("note", f"waiting for another download: {part}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever had the lock may have renamed or removed the file that it is on.
        if _is_still(part, handle):
            return handle
        handle.close()


def _is_still(part: Path, handle: IO[bytes]) -> bool:
    try:
        return os.path.samestat(part.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False


def _download(source: Download, target: Path, *, part: Path, monitor: Monitor) -> None:
    failures, medium = [], source.medium
    for folder in source.urls:
        url = f"{folder.rstrip('/')}/{medium.file}"
        try:
            monitor.tell("note", f"downloading {url}")
            _try(url, part, medium, monitor=monitor)
            _finish(part, target, medium, monitor=monitor)
        except _Refusal as refusal:
            failures.append(f"{url}: {refusal}")
        else:
            return
    raise MediaError(
        f"{medium.file} could not be downloaded: {'; '.join(failures)}.",
        hint="Check the network and try again, or give the ISO to `builder build` with --iso FILE.",
    )


def _try(url: str, part: Path, medium: Medium, *, monitor: Monitor) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _transfer(url, part, medium, monitor=monitor)
        except _Interruption as interruption:
            if attempt == _ATTEMPTS:
                raise _Refusal(str(interruption)) from interruption
            monitor.tell("note", f"{interruption}; trying again")
            time.sleep(attempt)
        else:
            return


def _finish(part: Path, target: Path, medium: Medium, *, monitor: Monitor) -> None:
    """Give the download its name if it is right; drop it if not, for nothing can mend it."""
    found = files.sha256(part, monitor=monitor)
    if found != medium.sha256:
        os.truncate(part, 0)
        raise _Refusal(f"its sha256 is {found}, expected {medium.sha256}")
    with files.writing(part.parent):
        files.sync(part)
        files.remember(part, found)
        part.replace(target)
        files.sync(target.parent)


def _transfer(url: str, part: Path, medium: Medium, *, monitor: Monitor) -> None:
    have = part.stat().st_size
    # Compression would make Content-Length and ranges count something else than the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
            if _nothing_left(response, have):
                return
            start = _start(response, part, have)
            total = _total(response, start, medium)
            _check_space(part.parent, total - start)
            with monitor.progress(medium.file, total=total) as progress:
                progress.advance(start)
                _write(response, part, start, progress)
    except requests.RequestException as error:
        raise _Interruption(_reason(error)) from error
    if part.stat().st_size != total:
        raise _Interruption(f"the server closed the connection at {part.stat().st_size} bytes")


def _nothing_left(response: requests.Response, have: int) -> bool:
    """Recognise the answer to a download that was complete, but not yet verified."""
    refused = response.status_code == requests.codes.requested_range_not_satisfiable
    return refused and response.headers.get("Content-Range") == f"bytes */{have}"


def _start(response: requests.Response, part: Path, have: int) -> int:
    """Return from which byte on the server sends; judge its answer."""
    status = response.status_code
    if status == requests.codes.ok:
        return 0
    if status >= requests.codes.internal_server_error:
        raise _Interruption(f"{status} {response.reason}")
    found = _RANGE.match(response.headers.get("Content-Range", ""))
    if status == requests.codes.partial_content and found and int(found["first"]) == have:
        return have
    if status in {requests.codes.partial_content, requests.codes.requested_range_not_satisfiable}:
        os.truncate(part, 0)
        raise _Interruption("the server does not have the range that is missing")
    raise _Refusal(f"{status} {response.reason}")


def _total(response: requests.Response, start: int, medium: Medium) -> int:
    length = response.headers.get("Content-Length", "")
    if not length.isdecimal():
        raise _Refusal("the server does not say how many bytes it sends")
    total = start + int(length)
    if medium.size is not None and total != medium.size:
        raise _Refusal(f"it has {total} bytes, expected {medium.size}")
    return total


def _check_space(folder: Path, needed: int) -> None:
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    if needed > free:
        raise HostError(
            f"The download needs {needed} bytes, but {folder} has only {free} free.",
            hint="Make room there, or set another cache folder in builder.toml.",
        )


def _write(response: requests.Response, part: Path, start: int, progress: Progress) -> None:
    with files.writing(part.parent):
        file = part.open("ab" if start else "wb")
    with file:
        for block in response.iter_content(files.BLOCK):
            with files.writing(part.parent):
                file.write(block)
                file.flush()
            progress.advance(len(block))


def _reason(error: requests.RequestException) -> str:
    """Return requests' words without its object addresses, in one line."""
    if isinstance(error, requests.ConnectTimeout):
        return "no connection within 10 s"
    if isinstance(error, requests.Timeout):
        return "no data for 60 s"
    inner = getattr(error.args[0], "reason", error) if error.args else error
    return re.sub(r"<[^>]*>(?:: )?", "", str(inner)).strip() or type(error).__name__
