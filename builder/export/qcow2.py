"""A qcow2: the template's own image."""

import shutil
from pathlib import Path

from builder import files
from builder.errors import HostError
from builder.export.order import ExportSource
from builder.monitor import Monitor


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:
    """See formats.Writer."""
    shutil.copyfile(source.image, part)
    facts = source.manifest.image
    if facts is None or files.sha256(part, monitor=monitor) != facts.sha256:
        raise HostError(
            f"The copy {name} is not what was copied.",
            hint="Look for errors of the disk or the memory: dmesg.",
        )
