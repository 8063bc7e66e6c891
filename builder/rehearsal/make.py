"""Makes the rehearsal ISO: one page that says how."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder import files, process
from builder.errors import HostError
from builder.monitor import Monitor
from builder.rehearsal import distribution, initramfs, packages, payload, stage2, systems
from builder.rehearsal.layouts import known
from builder.rehearsal.layouts.describe import describe
from builder.rehearsal.layouts.layout import Layout, Medium


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
    wanted = known.find(layout)
    if os.geteuid() != 0:
        raise HostError("Making a rehearsal ISO needs root.", hint="Use sudo.")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        with files.locked(cache / "lock"):  # another make may use the same cache
            if not (keep and output.is_file()):
                _make(wanted, output, cache, monitor, size_mib)
    except OSError as error:
        raise HostError(
            f"The rehearsal ISO cannot be written: {error}",
            hint="It needs about 3 GiB in the cache, and the ISO's size where it is written.",
        ) from error
    return output


def _make(
    layout: Layout, output: Path, cache: Path, monitor: Monitor, size_mib: int | None
) -> None:
    target, installer = _systems(cache, monitor)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        with monitor.step("Packing stage 2 and the payload"):
            medium = _fill(layout, Path(name), target, installer)
        if size_mib is not None:
            with monitor.step(f"Padding the medium to {size_mib} MiB"):
                packages.pad(medium.root, size_mib, layout=layout)
        with monitor.step(f"Writing {output.name}"):
            _write(layout, medium, output)


def _systems(cache: Path, monitor: Monitor) -> tuple[Path, Path]:
    host = distribution.detect()
    with monitor.step("Installing the rehearsal's two systems"), ThreadPoolExecutor() as both:
        target = both.submit(systems.ensure, systems.target(host), host, cache)
        installer = both.submit(systems.ensure, systems.installer(host), host, cache)
        return target.result(), installer.result()


def _fill(layout: Layout, work: Path, target: Path, installer: Path) -> Medium:
    medium = _start(layout, work, target, installer)
    layout.lay_out(layout, medium)
    shared = payload.ensure(target, work.parent)
    links = {
        layout.stage2: stage2.ensure(installer, work / "modules", work.parent),
        f"images/{payload.ARCHIVE}": shared / payload.ARCHIVE,
        f"images/{payload.CONTENTS}": shared / payload.CONTENTS,
    }
    for path, source in links.items():
        (medium.root / path).parent.mkdir(exist_ok=True)
        os.link(source, medium.root / path)
    packages.add(layout, medium.root, target)
    describe(layout, medium)
    return medium


def _start(layout: Layout, work: Path, target: Path, installer: Path) -> Medium:
    root = work / "iso"
    root.mkdir()
    initrd = initramfs.build(installer, work, product=layout.product, family=layout.family)
    release = initramfs.kernel_release(installer)
    kernel = installer / "kernel/boot" / f"vmlinuz-{release}"
    return Medium(root=root, work=work, target=target / "tree", kernel=kernel, initrd=initrd)


def _write(layout: Layout, medium: Medium, output: Path) -> None:
    with files.replacing(output, mode=0o644) as part:
        _master(layout, medium, part)


def _master(layout: Layout, medium: Medium, output: Path) -> None:
    """Write a hybrid ISO, for CDs and disks, with an implanted media check."""
    process.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-output", output, "-volid", layout.volume_id,
         "-rational-rock", "-joliet", "-joliet-long", "-full-iso9660-filenames",
         "--set_all_file_dates", f"={layout.timestamp}",
         *layout.boot_options(medium), medium.root],
        env={"SOURCE_DATE_EPOCH": str(layout.timestamp)},
    )  # fmt: skip
    if layout.isohybrid:
        process.run(["isohybrid", "--uefi", output])
    process.run(["implantisomd5", "--force", output])
    process.run(["checkisomd5", output])
