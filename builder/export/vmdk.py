"""A stream-optimised VMDK, as VMware and VirtualBox take it in.

VMware's "Virtual Disk Format 5.0" describes it: sector 0 is a header, which says where a text, the
descriptor, lies. qemu-img writes two things there that differ each time: the content's id, drawn by
lot, and the file's name, which is not yet the final one.
"""

import re
from pathlib import Path

from builder.errors import HostError
from builder.export import convert
from builder.export.order import ExportSource
from builder.monitor import Monitor

_OPTIONS = ("-o", "subformat=streamOptimized,adapter_type=lsilogic")
_SECTOR = 512
_DESCRIPTOR_AT, _DESCRIPTOR_SIZE = 28, 36  # where the header has them, in sectors


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:
    """See formats.Writer."""
    convert.convert(source, part, to="vmdk", options=_OPTIONS, monitor=monitor)
    with part.open("r+b") as file:
        header = file.read(_SECTOR)
        at, size = (
            int.from_bytes(header[field : field + 8], "little") * _SECTOR
            for field in (_DESCRIPTOR_AT, _DESCRIPTOR_SIZE)
        )
        file.seek(at)
        field = file.read(size)
        file.seek(at)
        file.write(settled(field, name=name, content=_content_id(source)))
    convert.check(part, to="vmdk")
    convert.compare(source, part, to="vmdk", monitor=monitor)


def settled(field: bytes, *, name: str, content: str) -> bytes:
    """Return the descriptor with the file's final name, and a content id of eight hex digits.

    It ends at the first NUL: qemu-img changes its id, whose digits may be fewer, in place, and
    what was there before shows behind it.
    """
    descriptor = field.partition(b"\0")[0].decode()
    plain = re.sub("[^A-Za-z0-9 ._-]", "_", name)  # it stands between quotes, in nobody's charset
    named = re.sub(r'(?m)^(RW \d+ SPARSE) ".*"$', rf'\1 "{plain}"', descriptor)
    return _padded(re.sub(r"(?m)^CID=.*$", f"CID={content}", named), len(field))


def _content_id(source: ExportSource) -> str:
    facts = source.manifest.image
    # All ones would mean "no parent" to a disk that is based on this one.
    return f"{int(facts.sha256[:8], 16) & 0x7FFFFFFF:08x}" if facts else "00000000"


def _padded(text: str, size: int) -> bytes:
    content = text.encode()
    if len(content) > size:
        raise HostError(
            "The file's name is too long for a VMDK.", hint="Give a shorter one with --output."
        )
    return content.ljust(size, b"\0")
