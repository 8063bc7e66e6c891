"""An OVA: a machine for VMware and VirtualBox, one tar of descriptor, manifest and disk.

DMTF's DSP0243 1.1.0 says that it is a ustar, the descriptor first. The manifest has SHA-256, as
vSphere 6.5 and VirtualBox 5 and newer read it; the standard still has SHA-1.
"""

import hashlib
from pathlib import Path

from builder import files
from builder.errors import HostError, UsageError
from builder.export import vmdk, vmdk_stream
from builder.export.archive import Member, pack
from builder.export.order import ExportSource
from builder.export.ovf import Disk, descriptor
from builder.monitor import Monitor

_LIMIT = 8 * 2**30  # bytes of a file in a ustar: eleven octal digits


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer."""
    stem = source.stem
    disk = f"{stem}-disk1.vmdk"
    with files.scratch(part) as image:
        held = vmdk.make(source, image, name=disk, monitor=monitor)
        size = image.stat().st_size
        _refuse_large(size)
        capacity = vmdk_stream.capacity(source.capacity)
        described = Disk(name=disk, size=size, capacity=capacity, populated=held)
        text = descriptor(source.manifest, described).encode()
        digests = {
            f"{stem}.ovf": hashlib.sha256(text).hexdigest(),
            disk: files.sha256(image, monitor=monitor),
        }
        members = (
            Member(name=f"{stem}.ovf", content=text),
            Member(name=f"{stem}.mf", content=manifest(digests)),
            Member(name=disk, content=image),
        )
        packed = pack(part, members, when=source.when, monitor=monitor, ustar=True)
        _refuse_other(digests, packed)


def manifest(digests: dict[str, str]) -> bytes:
    """Return the manifest for files and their SHA-256."""
    return "".join(f"SHA256({name})= {digest}\n" for name, digest in digests.items()).encode()


def _refuse_large(size: int) -> None:
    if size >= _LIMIT:
        raise UsageError(
            "The disk takes 8 GiB or more, which an OVA cannot hold.",
            hint="Export it with --format vmdk.",
        )


def _refuse_other(digests: dict[str, str], packed: dict[str, str]) -> None:
    """Raise HostError when the archive holds something else than its manifest says."""
    if any(packed[name] != digest for name, digest in digests.items()):
        raise HostError(
            "The OVA does not hold what its manifest says.",
            hint="Look for errors of the disk or the memory: `dmesg`.",
        )
