"""A tar of image, signatures and manifest: unpacked in a store pool, a template there."""

from pathlib import Path

from builder.export.archive import Member, pack
from builder.export.order import ExportSource
from builder.monitor import Monitor
from builder.registry.registry import SIGNATURES


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer. The manifest comes last: it makes the image visible."""
    image = f"{source.stem}.qcow2"
    signatures = Member(name=f"{image}{SIGNATURES}", content=source.signatures)
    members = (
        Member(name=image, content=source.image, mode=0o600),
        *([signatures] if source.signatures else []),
        Member(name=f"{source.stem}.json", content=source.record, mode=0o600),
    )
    pack(part, members, when=source.when, monitor=monitor)
