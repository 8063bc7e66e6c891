"""Files that appear under their final name whole or not at all, and what their bytes are."""

import errno
import fcntl
import hashlib
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from builder.errors import BuilderError, HostError, explained
from builder.model.traces import SCRATCH, id_in, scratch_of
from builder.monitor import Monitor
from builder.paths import targets
from builder.paths.reading import at_once, open_plain

BLOCK = 1 << 20
"""Bytes read at once: large enough that hashing, not calling, takes the time."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DIGEST = "user.builder.sha256"


@contextmanager
def replacing(path: Path, *, mode: int, durable: bool = True) -> Iterator[Path]:
    """Yield an empty file beside `path`; at the end of the block it is synced and takes the name.

    What is of no use after a loss of power need not be `durable`. When the block fails the file
    goes. Raises HostError when the folder is full or read-only, and when something else than a
    plain file has that name: a rename would replace a device by a file.
    """
    if found := targets.oddity(path):
        raise HostError(f"{path} is {found}, not a file of ours.", hint="Move it away.")
    with scratch(path) as part, writing(path.parent):
        yield part
        part.chmod(mode)
        if durable:
            sync(part)
        part.replace(path)
        if durable:
            sync(path.parent)


@contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """Yield an empty file of a name of its own beside a path, until the block ends."""
    with writing(beside.parent):
        handle, name = tempfile.mkstemp(
            prefix=f".{beside.name}.{SCRATCH}", suffix=".part", dir=beside.parent
        )
    fcntl.flock(handle, fcntl.LOCK_EX)  # as long as somebody writes it: see `abandoned`
    part = Path(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
        os.close(handle)


def inside(
    folder: Path,
    *,
    hint: str = "Mend its permissions.",
    error_class: type[BuilderError] = HostError,
) -> list[Path]:
    """Return what is in the folder, by name; where there is no folder, nothing.

    Raises the error for one that is closed to us: glob would find nothing in it.
    """
    with explained(f"Cannot read {folder}", hint=hint, error_class=error_class):
        try:
            # What is in it can be named, and not only listed.
            os.stat(f"{folder}/.")  # noqa: PTH116  # a Path drops the dot.
            return sorted(folder.iterdir())
        except FileNotFoundError:
            above = (folder, *folder.parents)
            if any(each.is_symlink() and not each.exists() for each in above):
                raise  # its disk may not be mounted
    return []


def fresh(path: Path) -> None:
    """Make an empty file for its owner, instead of the file or link that is there.

    Where others may write they may have laid a link: nothing goes to where it leads. Raises OSError
    for a folder of that name, and when the system refuses.
    """
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def abandoned(folder: Path, *, mark: str = SCRATCH) -> tuple[Path, ...]:
    """Return our files of `scratch` whose writers were killed, and no file of another name.

    Those of builds and checks are not among them: who knows of these tells whether they go. With
    another `mark` it is files of similar names. Raises HostError as `inside` does.
    """
    parts = (part for part in inside(folder) if scratch_of(part.name, mark=mark))
    return tuple(part for part in parts if not id_in(part.name) and own(part) and not held(part))


def own(path: Path) -> bool:
    """Tell whether it is a plain file, no link to one, of the user that we are."""
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return False


@contextmanager
def locked(path: Path, *, wait: bool = True, make: bool = True) -> Iterator[None]:
    """Hold the lock of a folder or a file, which is made if need be, for the block.

    It ends with the process, however that ends (flock). Raises OSError when the path cannot be
    opened, is a link to a file, or is not there and we are not to `make` it; its child
    BlockingIOError when somebody has the lock and we are not to `wait`.
    """
    # A link would have us make a file wherever it leads.
    made = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    as_it_is = not make or path.is_dir()
    handle = os.open(path, os.O_RDONLY if as_it_is else made, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def held(path: Path) -> bool:
    """Tell whether a process has a folder or a file locked; nobody has what is not there.

    What we may not open counts as held: it is somebody else's.
    """
    try:
        handle = at_once(str(path), os.O_RDONLY)  # it may be a pipe
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def writing(
    folder: Path,
    *,
    what: str = "",
    hint: str = "Check that the folder exists and that you may write there.",
) -> Iterator[None]:
    """Turn an OSError of the block, which writes below `folder`, into a HostError.

    `what` failed and the hint are for all reasons but a full disk, whose remedy is always the same.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder) from error
        what = what or f"Cannot write to {folder}"
        raise HostError(f"{what}: {error.strerror}.", hint=hint) from error


def _full(folder: Path) -> HostError:
    # It may be one that could not be made.
    folder = next((each for each in (folder, *folder.parents) if os.path.lexists(each)), folder)
    try:
        state = os.statvfs(folder)
        spent = bool(state.f_files and not state.f_favail and state.f_bavail)
    except OSError:
        spent = False
    if spent:
        return HostError(
            f"No more files fit in {folder}.",
            hint=f"Remove some, large or small: `df -i {shlex.quote(str(folder))}`.",
        )
    return HostError(
        f"No space is left in {folder}.", hint=f"Make room: `df -h {shlex.quote(str(folder))}`."
    )


def sync(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path, *, monitor: Monitor) -> str:
    """Return a file's hex digest. Raises HostError for one that is not plain, or unreadable."""
    content = hashlib.sha256()
    with explained(f"Cannot read {path}"):
        opened = open_plain(path)
    with opened as file, monitor.progress(f"Checking {path.name}", total=_size(file)) as progress:
        read = explained(f"Cannot read {path}")(file.read)
        while block := read(BLOCK):
            content.update(block)
            progress.advance(len(block))
    return content.hexdigest()


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def digest(path: Path, *, monitor: Monitor) -> str:
    """Return the file's digest: the one noted for its present content, or a fresh one."""
    found = remembered(path)
    if not found:
        found = sha256(path, monitor=monitor)
        remember(path, found)
    return found


def remember(path: Path, digest: str) -> None:
    """Note the digest of the file's present content in an extended attribute.

    A file beside it would show up as a volume of the pool. Where the file system keeps no
    attributes the file is simply hashed again.
    """
    with suppress(OSError):
        os.setxattr(path, _DIGEST, f"{_version(path)} {digest}".encode())


def remembered(path: Path) -> str:
    """Return the digest noted for the file, if its size and time are still those; else ""."""
    try:
        noted = os.getxattr(path, _DIGEST).decode("ascii", "replace")
    except OSError:
        return ""
    version, _, digest = noted.rpartition(" ")
    return digest if version == _version(path) else ""


def _version(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"
