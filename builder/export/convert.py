"""qemu-img: one disk format from another, and proof that both hold the same."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from builder import process
from builder.errors import HostError
from builder.export.order import ExportSource
from builder.monitor import Monitor
from builder.registry.image import counting

_NEXT_TO_NOTHING = 1 << 20  # bytes


def convert(
    source: ExportSource, target: Path, *, to: str, options: Sequence[str] = (), monitor: Monitor
) -> None:
    """Write the template's disk to `target` in qemu-img's format `to`.

    The same disk makes the same bytes, but for what a format draws by lot: without -W qemu-img
    writes in order. Raises HostError when qemu-img fails, and a plain one for a full disk.
    """
    argv = ("convert", "-f", "qcow2", "-O", to, *options)
    try:
        _run(argv, source, target, title=f"Converting to {to}", monitor=monitor)
    except HostError as error:
        if "No space left" not in error.message and not _full(target.parent):
            raise
        raise HostError(
            f"No space is left in {target.parent}.",
            hint=f"Make room: `df -h {shlex.quote(str(target.parent))}`.",
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
