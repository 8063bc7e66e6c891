"""Sign a template: its provenance in an envelope, in a bundle beside its image."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder import durable
from builder.errors import HostError, TemplateError
from builder.model.attestation import Envelope
from builder.model.template import Template
from builder.template import dsse
from builder.template.provenance import provenance
from builder.template.registry import manifest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SUFFIX = ".intoto.jsonl"
"""By which in-toto names bundles, after the name of what they are about."""


def bundle(template: Template) -> Path:
    """Return where the template's attestations are, an envelope a line."""
    return template.path.with_name(template.path.name + SUFFIX)


def sign(template: Template, key: "Ed25519PrivateKey", *, artifacts: Path) -> Path:
    """Sign the template's provenance; return the bundle, which keeps the signatures of others.

    The build's folder under `artifacts` gets the bundle as well, where it is still there.
    Raises TemplateError when the image is not what its manifest says, HostError when the bundle
    cannot be written.
    """
    if digest(template.path) != template.image.sha256:
        raise TemplateError(
            f"The image {template.path} is not the one that its manifest tells of.",
            hint="`builder template verify` says more.",
        )
    envelope = dsse.enclose(msgspec.json.encode(provenance(template)), key)
    path, build_id = bundle(template), manifest(template).build_id
    with _alone(template.manifest):
        lines = [*_others(path, envelope), msgspec.json.encode(envelope)]
        content = b"\n".join(lines) + b"\n"
        # Named so that `builder gc` finds what a killed process leaves.
        durable.write(path, content, draft=path.with_name(f".{build_id}{SUFFIX}"))
        folder = artifacts / template.name / build_id
        if folder.is_dir():
            durable.write(folder / path.name, content)
    return path


def digest(path: Path) -> str:
    """Return the file's sha256 in hex. Raises HostError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise HostError(f"Cannot read {path}: {error.strerror}.") from error


def lines(path: Path) -> tuple[bytes, ...]:
    """Return the lines of a bundle; none if it is not there. Raises HostError."""
    try:
        return tuple(line for line in path.read_bytes().splitlines() if line.strip())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise HostError(f"Cannot read {path}: {error.strerror}.") from error


def _others(path: Path, ours: Envelope) -> Iterator[bytes]:
    """What we do not know may be another tool's; what our key said before is replaced."""
    for line in lines(path):
        known = dsse.parse(line)
        if known is None or _by(known) != _by(ours):
            yield line


def _by(envelope: Envelope) -> tuple[str, ...]:
    return tuple(each.keyid for each in envelope.signatures)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other signers of the same template out for the block."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise HostError(f"Cannot read {path}: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
