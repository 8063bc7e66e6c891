"""Files on which libvirt must not be let loose.

It reads the head of each file in a pool's folder, and of a backing file whose format that does not
say. Where one is a pipe or a terminal, its worker waits there for ever, and each client with it.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from builder.errors import HostError
from builder.paths.reading import open_plain
from builder.virt import backing

_PROC = Path("/proc")
_MOST_LINKS = 40
"""As many as the kernel follows."""
_QCOW3 = b"QFI\xfb\0\0\0\3"
_HEADER = 104
"""Bytes of a header of that version; libvirt fails at some shorter ones, and gives no reason."""


def refuse_endless(folder: Path, pool: str) -> None:
    """Raise HostError for a file in a pool's folder at which libvirt would wait for ever."""
    for file in _files(folder):
        with suppress(OSError, backing.UnclearError):  # what is not there or nobody can read
            for path in _endless(file):
                named = f", which {file} names," if path != file else ""
                raise HostError(
                    f"libvirt may wait for ever at {path}{named} when it looks into the pool "
                    f"{pool}.",
                    hint=f"Move {file} out of the pool.",
                )


def cut_off(folder: Path) -> Path | None:
    """Return an image in a folder that is too short for its header, if there is one."""
    for file in _files(folder):
        with suppress(OSError), open_plain(file) as image:
            head = image.read(_HEADER)
            if head.startswith(_QCOW3) and len(head) < _HEADER:
                return file
    return None


def _files(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(folder.iterdir())


def _endless(file: Path) -> Iterator[Path]:
    if file.is_symlink() and (_is_each_process_s(file) or _is_kernel_s(file)):
        yield file
    backed = (need for need in backing.needs(file) if not need.data)  # libvirt opens no others
    for need in backed:
        with suppress(OSError):
            if _is_each_process_s(need.path) or _waits(need.path):
                yield need.path


def _waits(path: Path) -> bool:
    mode = path.stat().st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or _is_kernel_s(path)


def _is_kernel_s(path: Path) -> bool:
    """Tell whether it is a file such as /proc/kmsg: it says that it is empty, on nobody's disk."""
    about = path.stat()
    empty = stat.S_ISREG(about.st_mode) and not about.st_size
    return empty and not os.statvfs(path).f_blocks


def _is_each_process_s(path: Path) -> bool:
    """Tell whether it leads through /proc, such as /dev/stdin: elsewhere in libvirt than here."""
    for _ in range(_MOST_LINKS):
        if Path(os.path.realpath(path.parent)).is_relative_to(_PROC):
            return True
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return False
