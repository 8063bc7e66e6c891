"""qemu-img: one disk format from another, and proof that both hold the same."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from builder import process
from builder.errors import HostError
from builder.export.order import ExportSource
from builder.monitor import Monitor
from builder.registry.image import counting

WINDOW = 1 << 30
"""Bytes of a disk that are unpacked at once."""
_NEXT_TO_NOTHING = 1 << 20  # bytes


def convert(
    source: ExportSource, target: Path, *, to: str, options: Sequence[str] = (), monitor: Monitor
) -> None:
    """Write the template's disk to `target` in qemu-img's format `to`.

    The same disk makes the same bytes, but for what a format draws by lot: without -W qemu-img
    writes in order. Raises HostError when qemu-img fails, and a plain one for a full disk.
    """
    argv = ("convert", "-f", "qcow2", "-O", to, *options)
    with _room(target.parent):
        _run(argv, source, target, title=f"Converting to {to}", monitor=monitor)


def windows(source: ExportSource, raw: Path) -> Iterator[Path]:
    """Yield `raw` again and again, with the next GiB of the template's disk each time.

    So it takes no more room than that, whatever the disk holds, and fits where files have no holes
    or end at 4 GiB. Raises HostError as `convert` does.
    """
    for start in range(0, source.capacity, WINDOW):
        length = min(WINDOW, source.capacity - start)
        with _room(raw.parent):
            process.run(["qemu-img", "convert", "-O", "raw", _window(source, start, length), raw])
        yield raw


def _window(source: ExportSource, start: int, length: int) -> str:
    """Return the name by which QEMU's programs open a part of the disk."""
    file = {"driver": "file", "filename": str(source.image)}
    disk = {"driver": "qcow2", "file": file}
    part = {"driver": "raw", "offset": start, "size": length, "file": disk}
    return f"json:{msgspec.json.encode(part).decode()}"


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Tell in plain words when qemu-img fails because the folder is full."""
    try:
        yield
    except HostError as error:
        if "No space left" not in error.message and not _full(folder):
            raise
        raise HostError(
            f"No space is left in {folder}.",
            hint=f"Make room: `df -h {shlex.quote(str(folder))}`.",
        ) from error


def _full(folder: Path) -> bool:
    """Tell a full disk by itself: for a VMDK qemu-img calls it an invalid argument."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize < _NEXT_TO_NOTHING


def compare(source: ExportSource, target: Path, *, to: str, monitor: Monitor) -> None:
    """Prove that a guest sees in `target` what it sees in the template. Raises HostError if not."""
    argv = ("compare", "-f", "qcow2", "-F", to)
    _run(argv, source, target, title=f"Comparing the {to}", monitor=monitor)


def check(target: Path, *, to: str) -> None:
    """Have qemu-img check the structure of `target`. Raises HostError when it is damaged."""
    process.run(["qemu-img", "check", "-q", "-f", to, target])


def _run(
    argv: Sequence[str], source: ExportSource, target: Path, *, title: str, monitor: Monitor
) -> None:
    total = source.capacity
    with monitor.progress(title, total=total) as progress:
        whole = ("qemu-img", *argv, "-p", str(source.image), str(target))
        process.follow(whole, on_line=counting(progress, total))
