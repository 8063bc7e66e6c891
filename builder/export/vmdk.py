"""A stream-optimised VMDK, as VMware and VirtualBox take it in."""

import re
from pathlib import Path

from builder import files
from builder.errors import UsageError
from builder.export import convert, vmdk_check, vmdk_stream
from builder.export.order import ExportSource
from builder.monitor import Monitor

_HEADS, _TRACK = 255, 63  # what BIOSes of SCSI controllers count in
_CYLINDERS = 65535
_DESCRIPTOR = """\
# Disk DescriptorFile
version=1
CID={content}
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW {sectors} SPARSE "{name}"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "10"
ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "{heads}"
ddb.geometry.sectors = "{track}"
ddb.adapterType = "lsilogic"
"""


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:
    """See formats.Writer."""
    make(source, part, name=name, monitor=monitor)


def make(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> int:
    """Do as `write`, and return how many bytes of the disk it holds; the rest are zeros."""
    text = descriptor(name=name, capacity=source.capacity, content=_content_id(source))
    size = source.capacity
    with (
        files.scratch(part) as raw,
        monitor.progress("Writing the VMDK", total=size) as progress,
    ):
        pieces = convert.windows(source, raw)
        vmdk_stream.write(pieces, part, size=size, descriptor=text, progress=progress)
    held = sum(1 for _ in vmdk_check.grains(part))
    convert.check(part, to="vmdk")
    convert.compare(source, part, to="vmdk", monitor=monitor)
    return held * vmdk_stream.GRAIN


def descriptor(*, name: str, capacity: int, content: str) -> bytes:
    """Return the text in a VMDK that will be called `name`, for a disk of `capacity` bytes.

    `content` are eight hexadecimal digits. Raises UsageError for a name that is too long.
    """
    sectors = vmdk_stream.capacity(capacity) // vmdk_stream.SECTOR
    text = _DESCRIPTOR.format(
        content=content,
        sectors=sectors,
        name=re.sub("[^A-Za-z0-9 ._-]", "_", name),  # between quotes, and in nobody's charset
        cylinders=min(sectors // (_HEADS * _TRACK), _CYLINDERS),
        heads=_HEADS,
        track=_TRACK,
    ).encode()
    if len(text) > vmdk_stream.DESCRIPTOR_SIZE:
        raise UsageError(
            "The file's name is too long for a VMDK.", hint="Give a shorter one with --output."
        )
    return text


def _content_id(source: ExportSource) -> str:
    facts = source.manifest.image
    # All ones would mean "no parent" to a disk that is based on this one.
    return f"{int(facts.sha256[:8], 16) & 0x7FFFFFFF:08x}" if facts else "00000000"
