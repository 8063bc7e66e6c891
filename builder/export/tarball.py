"""A tar of image and manifest: unpacked in a store pool, they are a template there."""

from pathlib import Path

import msgspec

from builder.export.archive import Member, pack
from builder.export.order import ExportSource
from builder.monitor import Monitor


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer. The manifest comes last: it makes the image visible."""
    record = msgspec.json.format(msgspec.json.encode(source.manifest), indent=2) + b"\n"
    members = (
        Member(name=f"{source.stem}.qcow2", content=source.image, mode=0o600),
        Member(name=f"{source.stem}.json", content=record, mode=0o600),
    )
    pack(part, members, when=source.when, monitor=monitor)
