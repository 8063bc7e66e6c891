"""Small ISOs of a few files that a guest finds by their label, the same each time."""

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pycdlib

from builder import files
from builder.iso import tree
from builder.iso.dates import record_date, volume_date
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, Memory

_PADDING = 150 * SECTOR
"""As mkisofs adds it: busybox reads 69632 bytes to find a label, and gives up on a smaller disk."""


def write(label: str, contents: Mapping[str, bytes], output: Path, *, when: datetime) -> None:
    """Write an ISO with the files, by their Joliet names; only its owner may read it.

    Raises HostError when the folder is full or read-only.
    """
    image = _dated(_mastered(label, contents), when) + bytes(_PADDING)
    with files.replacing(output, mode=0o600) as part:
        part.write_bytes(image)


def _mastered(label: str, contents: Mapping[str, bytes]) -> bytes:
    iso, image = pycdlib.PyCdlib(), io.BytesIO()
    iso.new(interchange_level=3, joliet=3, vol_ident=label, app_ident_str="builder")
    for name, content in contents.items():
        plain = name.upper().replace("-", "_")  # ISO 9660 itself knows few letters
        path = f"/{plain};1" if "." in plain else f"/{plain}.;1"
        iso.add_fp(io.BytesIO(content), len(content), path, joliet_path=f"/{name}")
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
