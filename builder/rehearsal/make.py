"""Makes the rehearsal ISO: one page that says how."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from builder.errors import HostError, UsageError
from builder.monitor import Monitor
from builder.rehearsal import (
    distribution,
    initramfs,
    iso,
    menus,
    packages,
    payload,
    stage2,
    systems,
)

_LAYOUTS = ("el7",)
_TIMESTAMP = 1603729576  # when CentOS 7.9 was composed: the ISO does not depend on the clock


def make(
    output: Path,
    *,
    cache: Path,
    monitor: Monitor,
    size_mib: int | None = None,
    layout: str = "el7",
    keep: bool = False,
) -> Path:
    """Write the rehearsal ISO to `output`, padded to `size_mib` MiB if given; return `output`.

    What the distribution's packages give is kept in `cache`, where one make works at a time. With
    `keep`, an ISO that is there by then stays as it is. Needs root, as mmdebstrap and chroot do.
    Raises UsageError for an unknown layout and HostError when a program fails.
    """
    if layout not in _LAYOUTS:
        raise UsageError(
            f"There is no rehearsal layout {layout}.", hint=f"Known: {', '.join(_LAYOUTS)}."
        )
    if os.geteuid() != 0:
        raise HostError("Making a rehearsal ISO needs root.", hint="Use sudo.")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        with _locked(cache):
            if not (keep and output.is_file()):
                _make(output, cache, monitor, size_mib)
    except OSError as error:
        raise HostError(
            f"The rehearsal ISO cannot be written: {error}",
            hint="It needs about 3 GiB in the cache, and the ISO's size where it is written.",
        ) from error
    return output


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Wait for another make that uses the same cache."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(output: Path, cache: Path, monitor: Monitor, size_mib: int | None) -> None:
    target, installer = _systems(cache, monitor)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        work = Path(name)
        root = work / "iso"
        root.mkdir()
        with monitor.step("Packing stage 2 and the payload"):
            _fill(root, work, target, installer)
        if size_mib is not None:
            with monitor.step(f"Padding the medium to {size_mib} MiB"):
                packages.pad(root, size_mib)
        with monitor.step(f"Writing {output.name}"):
            _write(root, output)


def _systems(cache: Path, monitor: Monitor) -> tuple[Path, Path]:
    host = distribution.detect()
    with monitor.step("Installing the rehearsal's two systems"), ThreadPoolExecutor() as both:
        target = both.submit(systems.ensure, systems.target(host), host, cache)
        installer = both.submit(systems.ensure, systems.installer(host), host, cache)
        return target.result(), installer.result()


def _fill(root: Path, work: Path, target: Path, installer: Path) -> None:
    initrd = initramfs.build(installer, work)
    release = initramfs.kernel_release(installer)
    iso.lay_out_boot(root, installer / "kernel/boot" / f"vmlinuz-{release}", initrd)
    (root / "LiveOS").mkdir()
    stage2.build(installer, work / "modules", work / "squashfs.img")
    shutil.move(work / "squashfs.img", root / "LiveOS/squashfs.img")
    payload.build(target / "tree", root / "images")
    packages.add(root, target, timestamp=_TIMESTAMP)
    (root / ".treeinfo").write_text(menus.treeinfo(_TIMESTAMP))
    (root / ".discinfo").write_text(menus.discinfo(_TIMESTAMP))


def _write(root: Path, output: Path) -> None:
    partial = output.with_name(f".{output.name}.partial")
    try:
        iso.write(root, partial, volume_id=menus.VOLUME_ID)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
