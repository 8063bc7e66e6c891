"""A second medium instead of a remaster: Anaconda takes /ks.cfg from a volume labelled OEMDRV."""

import io
from datetime import datetime
from pathlib import Path

import pycdlib

from builder import files
from builder.iso import tree
from builder.iso.dates import record_date, volume_date
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, Memory

LABEL = "OEMDRV"
_PADDING = 150 * SECTOR
"""As mkisofs adds it: busybox reads 69632 bytes to find a label, and gives up on a smaller disk."""


def make(kickstart: str, output: Path, *, when: datetime) -> None:
    """Write a small ISO with the kickstart as /ks.cfg; only its owner may read it."""
    content = _dated(_mastered(kickstart.encode()), when) + bytes(_PADDING)
    with files.replacing(output, mode=0o600) as part:
        part.write_bytes(content)


def _mastered(kickstart: bytes) -> bytes:
    iso, image = pycdlib.PyCdlib(), io.BytesIO()
    iso.new(interchange_level=3, joliet=3, vol_ident=LABEL, app_ident_str="builder")
    iso.add_fp(io.BytesIO(kickstart), len(kickstart), "/KS.CFG;1", joliet_path="/ks.cfg")
    iso.write_fp(image)
    iso.close()
    return image.getvalue()


def _dated(content: bytes, when: datetime) -> bytes:
    """Return the image with one date everywhere, for pycdlib dates with the time of its run."""
    draft = Draft(Memory(content))
    for each in tree.trees(draft):
        at = each.descriptor.sector * SECTOR
        draft.write(at + 156 + 18, record_date(when))
        draft.write(at + 813, volume_date(when) * 2 + bytes(17) + volume_date(when))
        for directory in tree.walk(draft, each):
            for record in directory.listing.records:
                place = (each.base + directory.extent) * SECTOR + record.at
                draft.write(place + 18, record_date(when))
    return draft.read(0, draft.size)
