"""A template in the format that the next tool wants."""

from datetime import datetime
from pathlib import Path

import msgspec

from builder.model.template import Manifest


class ExportOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted."""

    format: str
    """A name of builder/export/formats.py."""
    output: Path = Path()
    """A file, or a folder for one of the usual name."""
    force: bool = False
    """Whether a file that is there may be replaced."""
    compat: bool = False
    """Whether an image inside must be readable for QEMU before 5.1, which knows no zstd."""


class ExportSource(msgspec.Struct, frozen=True, kw_only=True):
    """What an export is made of."""

    manifest: Manifest
    """The template's; its `image` describes the file below."""
    record: bytes
    """The same as its file: signatures are for these bytes."""
    image: Path
    """A qcow2 without backing file."""
    signatures: bytes = b""
    """Of record and image, a line each; empty if nobody signed these."""

    @property
    def stem(self) -> str:
        """What the template's files are called, without their endings."""
        return f"{self.manifest.name}-{self.manifest.version}"

    @property
    def when(self) -> int:
        """Seconds since 1970 of the template's making: the date of all that an export holds."""
        return int(datetime.fromisoformat(self.manifest.created).timestamp())

    @property
    def capacity(self) -> int:
        """Bytes that a guest sees."""
        return self.manifest.image.virtual_size if self.manifest.image else 0


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was made of a template."""

    template: str
    version: str
    format: str
    path: Path
    size: int
    """Bytes that it has; a raw disk with holes takes less room."""
    sha256: str
    needs: str = ""
    """What its users must see to, for people; see needs.py."""
