"""Sign a template: its provenance in an envelope, in a bundle beside its image.

Who signs holds the lock of the store pool, so that of two signers none is lost.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from builder import files
from builder.attest import dsse
from builder.attest.keys import PrivateKey
from builder.attest.provenance import provenance
from builder.attest.statement import Envelope
from builder.errors import HostError, TemplateError, explained
from builder.model.template import Template
from builder.monitor import Monitor, SilentMonitor
from builder.paths.reading import read_data
from builder.record.builds import folder_of, is_folder
from builder.registry.image import refuse_parts
from builder.registry.registry import Registry, manifest, signatures

_LARGEST = 16 << 20
"""Bytes of a bundle."""


def sign(template: Template, key: PrivateKey, *, builds: Path, monitor: Monitor) -> Path:
    """Sign a published template's provenance; return the file, which keeps others' signatures.

    The build's folder under `builds` gets it as well, where it is still there, and can. Raises
    TemplateError when the image is not what its manifest says, or needs other files, HostError
    when the file cannot be written.
    """
    refuse_parts(template)
    if digest(template.path) != template.image.sha256:
        word = f"{template.name}@{template.version}"
        raise TemplateError(
            f"The image {template.path} is not the one that its manifest tells of.",
            hint=f"`builder template verify {shlex.quote(word)}` says more.",
        )
    folder = folder_of(builds, template.name, manifest(template).build_id)
    with Registry(template.path.parent).locked():
        path = write(template, key)
        if folder and is_folder(folder):
            _copied(template, folder, monitor=monitor)
        return path


def _copied(template: Template, folder: Path, *, monitor: Monitor) -> None:
    try:
        copy(template, folder)
    except HostError as error:
        monitor.tell("warning", f"{error} The build's folder has no copy of the signature.")


def copy(template: Template, folder: Path) -> None:
    """Put the signatures into the folder of the template's build as well. Raises HostError."""
    path = signatures(template)
    with files.replacing(folder / path.name, mode=0o644) as part:
        part.write_bytes(path.read_bytes())


def write(template: Template, key: PrivateKey) -> Path:
    """Write the signature of a template whose image was just measured; hold the store's lock.

    Returns and raises as `sign` does.
    """
    envelope = dsse.enclose(msgspec.json.encode(provenance(template)), key)
    path = signatures(template)
    lines = [*_others(path, envelope), msgspec.json.encode(envelope)]
    with files.replacing(path, mode=0o644) as part:
        part.write_bytes(b"\n".join(lines) + b"\n")
    return path


def digest(path: Path) -> str:
    """Return the file's sha256 in hex. Raises HostError when it cannot be read."""
    with explained(f"Cannot read {path}"):
        return files.sha256(path, monitor=SilentMonitor())


def lines(path: Path) -> tuple[bytes, ...]:
    """Return the lines of a bundle; none if it is not there. Raises HostError."""
    if not path.exists():
        return ()
    data = read_data(path, limit=_LARGEST, error_class=HostError)
    return tuple(line for line in data.splitlines() if line.strip())


def _others(path: Path, ours: Envelope) -> Iterator[bytes]:
    """What we do not know may be another tool's; what our key said before is replaced."""
    for line in lines(path):
        known = dsse.parse(line)
        if known is None or _by(known) != _by(ours):
            yield line


def _by(envelope: Envelope) -> tuple[str, ...]:
    return tuple(each.keyid for each in envelope.signatures)
