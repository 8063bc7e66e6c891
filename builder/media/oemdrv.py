"""A second medium instead of a remaster: Anaconda takes /ks.cfg from a volume labelled OEMDRV."""

from datetime import datetime
from pathlib import Path

from builder.media import data_iso
from builder.model.octets import encoded

LABEL = "OEMDRV"


def make(kickstart: str, output: Path, *, when: datetime) -> None:
    """Write a small ISO with the kickstart as /ks.cfg; only its owner may read it."""
    data_iso.write(LABEL, {"ks.cfg": encoded(kickstart)}, output, when=when)
