"""An ISO onto a stick: claimed for us alone, written, flushed, read back and compared."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.errors import HostError, MediaError, explained
from builder.files import BLOCK
from builder.iso.source import FileSource, opened
from builder.iso.survey import survey
from builder.media import check
from builder.media.oemdrv import LABEL
from builder.media.sticks import Stick
from builder.monitor import Monitor

_BLKRRPART = 0x125F
_BLKFLSBUF = 0x1261


def refuse(file: Path) -> int:
    """Return an ISO's size. Raises MediaError when it would not boot from a stick, but should.

    One for installers that boot from another medium need not.
    """
    with opened(file) as source:
        medium = survey(source)
        problems = tuple(check.usb_problems(medium))
        if problems and medium.volume_id != LABEL:
            raise MediaError(
                f"{file.name} does not boot from a stick: {' '.join(problems)}",
                hint="Take a hybrid ISO; isohybrid makes one of an ISO that boots by isolinux.",
            )
        return source.size


@contextmanager
def claimed(stick: Stick) -> Iterator[int]:
    """Yield a handle of the device, which nobody can mount or claim until the block ends.

    Raises HostError when somebody has, and when the device is not the one that we looked at.
    """
    try:
        handle = os.open(stick.path, os.O_RDWR | os.O_EXCL)
    except OSError as error:
        why = "somebody has it in use" if error.errno == errno.EBUSY else f"{error.strerror}"
        raise HostError(
            f"Cannot open {stick.path}: {why}.", hint="lsblk shows what is mounted; are you root?"
        ) from error
    try:
        number = os.fstat(handle).st_rdev
        found = (f"{os.major(number)}:{os.minor(number)}", os.lseek(handle, 0, os.SEEK_END))
        if found != (stick.number, stick.size):
            raise HostError(f"{stick.path} is another device by now.", hint="Begin again.")
        yield handle
    finally:
        os.close(handle)


def write(file: Path, stick: Stick, handle: int, *, monitor: Monitor) -> None:
    """Write the ISO to the claimed device, and read it again from the device itself.

    Raises HostError when the device fails, or holds something else afterwards.
    """
    hint = "Is the stick still there? Try another one."
    try:
        with opened(file) as source, explained(f"{stick.path} failed", hint=hint):
            sent = _sent(source, handle, monitor=monitor)
            os.fsync(handle)
            fcntl.ioctl(handle, _BLKFLSBUF)  # what is read comes from the device, not from memory
            kept = _kept(source, handle, monitor=monitor)
    except BaseException:
        monitor.tell("warning", f"{stick.path} is not whole: write it again")
        raise
    if kept != sent:
        raise HostError(f"{stick.path} does not hold what was written.", hint="Try another stick.")
    with suppress(OSError):
        fcntl.ioctl(handle, _BLKRRPART)  # so that its new partitions can be seen


def _sent(source: FileSource, handle: int, *, monitor: Monitor) -> str:
    content = hashlib.sha256()
    with monitor.progress("Writing", total=source.size) as progress:
        for at in range(0, source.size, BLOCK):
            block = source.read(at, min(BLOCK, source.size - at))
            done = 0
            while done < len(block):
                done += os.pwrite(handle, block[done:], at + done)
            content.update(block)
            progress.advance(len(block))
    return content.hexdigest()


def _kept(source: FileSource, handle: int, *, monitor: Monitor) -> str:
    content, at = hashlib.sha256(), 0
    with monitor.progress("Reading back", total=source.size) as progress:
        while block := os.pread(handle, min(BLOCK, source.size - at), at):
            content.update(block)
            at += len(block)
            progress.advance(len(block))
    return content.hexdigest()
