"""The formats that a template can be handed on in. A new one is a module, and a line here."""

from pathlib import Path
from typing import Protocol

import msgspec

from builder.errors import UsageError, suggest
from builder.export import oci, ova, qcow2, raw, tarball, vagrant, vhdx, vmdk
from builder.export.order import ExportSource
from builder.monitor import Monitor


class Writer(Protocol):
    """What each format's module offers."""

    def __call__(self, source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:
        """Fill the empty file `part`, which will be called `name`, and check the result.

        Raises HostError when there is no room or the result is not what it should be.
        """


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format."""

    name: str
    suffix: str
    write: Writer
    holds_qcow2: bool = False
    """Whether the template's image is handed on as it is, so that its compression matters."""


FORMATS = (
    Format(name="raw", suffix=".raw", write=raw.write),
    Format(name="qcow2", suffix=".qcow2", write=qcow2.write, holds_qcow2=True),
    Format(name="vmdk", suffix=".vmdk", write=vmdk.write),
    Format(name="vhdx", suffix=".vhdx", write=vhdx.write),
    Format(name="ova", suffix=".ova", write=ova.write),
    Format(name="vagrant", suffix=".box", write=vagrant.write, holds_qcow2=True),
    Format(name="oci", suffix=".oci.tar", write=oci.write, holds_qcow2=True),
    Format(name="tar", suffix=".tar", write=tarball.write, holds_qcow2=True),
)


def find(name: str) -> Format:
    """Return the format. Raises UsageError when there is none of that name."""
    known = {each.name: each for each in FORMATS}
    if name not in known:
        raise UsageError(f"There is no format {name!r}.", hint=suggest(name, known))
    return known[name]
