"""The finished golden image and the record of how it was made."""

from pathlib import Path

import msgspec


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A published golden image; sizes in bytes."""

    name: str
    version: str
    path: Path
    virtual_size: int
    size: int
    sha256: str
    manifest: Path


class StepTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long one step of a build took."""

    step: str
    seconds: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a build, written beside its template as manifest.json."""

    schema: int = 1
    name: str
    version: str
    build_id: str
    build_key: str
    created: str
    """RFC 3339, UTC."""
    release: str
    profile: str
    firmware: str
    image: str
    format: str
    compression: str
    virtual_size: int
    size: int
    sha256: str
    iso: str
    iso_sha256: str
    kickstart: str
    """The rendered text, secrets masked."""
    kickstart_sha256: str
    """Of the text as printed here."""
    domain_xml: str
    packages: tuple[str, ...] = ()
    tools: dict[str, str]
    steps: tuple[StepTime, ...]
    boot_seconds: float
