"""Download media: resumable, from the first folder that serves them, verified before use."""

import fcntl
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from builder import files
from builder.errors import MediaError
from builder.media.network import Interruption, Refusal, passes
from builder.media.pace import Patience
from builder.media.stage import is_there
from builder.media.transfer import Transfer
from builder.model.media import Download, shown
from builder.model.release import Medium
from builder.monitor import Monitor

_ATTEMPTS = 4  # for each URL, after the last one that got on
_PATIENCE = Patience()


def fetch(
    source: Download,
    *,
    cache: Path,
    monitor: Monitor,
    patience: Patience = _PATIENCE,
    names: tuple[str, ...] = (),
) -> Path:
    """Return the verified ISO in `cache`, downloading it unless it is there.

    On servers it may have other `names`, the best first. Raises MediaError naming every URL tried
    and why it failed, HostError when `cache` is full.
    """
    medium = source.medium
    if not source.urls:
        raise MediaError(
            f"{medium.file} cannot be downloaded: no address of it is known.",
            hint="Get it from its vendor (RHEL: as a customer); "
            "give it to `builder build` with --iso FILE.",
        )
    if not medium.sha256:
        raise MediaError(
            f"{medium.file} cannot be downloaded: nobody says which sha256 it has.",
            hint="Give the ISO to `builder build` with --iso FILE.",
        )
    addresses = [
        f"{each.rstrip('/')}/{name}" for each in source.urls for name in names or (medium.file,)
    ]
    with files.writing(cache):
        cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    target = cache / medium.file
    part = target.with_name(f"{target.name}.part")
    if not _already(target, medium, monitor):
        with _alone(part, monitor) as file:
            if not _already(target, medium, monitor):
                transfers = (Transfer(url, file, medium, patience=patience) for url in addresses)
                _download(transfers, target, monitor=monitor)
    return target


def _already(target: Path, medium: Medium, monitor: Monitor) -> bool:
    if not is_there(target):
        return False
    found = files.digest(target, monitor=monitor)
    if found != medium.sha256:
        raise MediaError(
            f"{target} has the sha256 {found}, expected {medium.sha256}.",
            hint="Remove or rename it; then the right one is downloaded.",
        )
    return True


@contextmanager
def _alone(part: Path, monitor: Monitor) -> Iterator[FileIO]:
    """Keep builds that want the same ISO from writing into one file at once; yield that file."""
    with _locked(part, monitor) as file:
        try:
            yield file
        finally:
            if part.exists() and not part.stat().st_size:
                part.unlink()


def _locked(part: Path, monitor: Monitor) -> FileIO:
    while True:
        _refuse_strange(part)
        with files.writing(part.parent):
            handle = FileIO(part, "ab+", opener=_without_links)
            # Nobody else may write it, whatever the umask: what is verified must stay as it is.
            os.fchmod(handle.fileno(), 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            monitor.tell("note", f"waiting for another download: {part}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever had the lock may have renamed or removed the file that it is on.
        if _is_still(part, handle):
            return handle
        handle.close()


def _refuse_strange(part: Path) -> None:
    """Refuse what somebody else has laid there: a link, of either kind, would have us write to
    another file.
    """
    try:
        state = part.lstat()
    except OSError:  # it is not there, or to open it tells why
        return
    if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
        raise MediaError(
            f"{part} is no file of its own.", hint="Remove or rename it, then try again."
        )


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)


def _is_still(part: Path, handle: FileIO) -> bool:
    try:
        return os.path.samestat(part.lstat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False


def _download(transfers: Iterable[Transfer], target: Path, *, monitor: Monitor) -> None:
    failures, may_pass = [], False
    for transfer in transfers:
        try:
            monitor.tell("note", f"downloading {shown(transfer.url)}")
            _obtain(transfer, target, monitor=monitor)
        except Refusal as refusal:
            failures.append(f"{shown(transfer.url)}: {refusal}")
            may_pass |= passes(refusal)
        else:
            return
        finally:
            transfer.end()
    raise MediaError(
        f"{target.name} could not be downloaded: {'; '.join(failures)}.",
        hint="Check the network and try again, or give the ISO to `builder build` with --iso FILE.",
        may_pass=may_pass,
    )


def _obtain(transfer: Transfer, target: Path, *, monitor: Monitor) -> None:
    """Give the download its name; what was put together wrongly is fetched whole, once."""
    _fill(transfer, monitor=monitor)
    try:
        _finish(transfer, target, monitor=monitor)
    except Refusal as refusal:
        if not transfer.resumed:
            raise
        monitor.tell("note", f"{refusal}; the resumed download begins anew")
        _fill(transfer, monitor=monitor)
        _finish(transfer, target, monitor=monitor)


def _fill(transfer: Transfer, *, monitor: Monitor) -> None:
    failures = 0
    while True:
        try:
            return transfer.attempt(monitor)
        except Interruption as interruption:
            failures = 1 if transfer.gained() else failures + 1
            if failures == _ATTEMPTS:
                raise Refusal(str(interruption)) from interruption
            monitor.tell("note", f"{interruption}; trying again")
            time.sleep(failures)


def _finish(transfer: Transfer, target: Path, *, monitor: Monitor) -> None:
    """Give the download its name if it is right; drop it if not, for nothing can mend it."""
    part, expected = transfer.part, transfer.medium.sha256
    found = transfer.digest(monitor)
    if found != expected:
        transfer.discard()
        raise Refusal(f"its sha256 is {found}, expected {expected}")
    with files.writing(part.parent):
        files.sync(part)
        files.remember(part, found)
        part.replace(target)
        files.sync(target.parent)
