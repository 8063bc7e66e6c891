"""The record of a build, and the key that says whether it must be done again."""

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from builder import process
from builder.model.build import BuildOrder
from builder.model.domain import Machine
from builder.model.media import StagedIso
from builder.model.template import Manifest
from builder.virt import capabilities as host
from builder.virt.connection import Connection


def build_key(order: BuildOrder, *, iso_sha256: str, kickstart: str) -> str:
    """Return the sha256 over everything that a template depends on.

    `kickstart` is the text without what differs in every build (the nonce).
    """
    inputs = {
        "builder": version("builder"),
        "iso": iso_sha256,
        "kickstart": kickstart,
        "installer_args": order.release.installer_args,
        "firmware": order.options.firmware,
        "capacity": order.capacity,
        "compression": order.compression,
        "checks": [_digest(path) for path in order.profile.checks],
    }
    return hashlib.sha256(msgspec.json.encode(inputs, order="sorted")).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def draft(
    order: BuildOrder, iso: StagedIso, *, kickstart: str, machine: Machine, key: str, build_id: str
) -> Manifest:
    """Return what is known of a build before it begins; `kickstart` has its secrets masked."""
    return Manifest(
        name=order.name,
        build_id=build_id,
        build_key=key,
        created=rfc3339(datetime.now(UTC)),
        release=order.release.name,
        profile=order.profile.name,
        medium=order.variant,
        iso=iso.volume,
        iso_sha256=iso.sha256,
        iso_url=_url(order, iso),
        variables=order.options.variables,
        kickstart=kickstart,
        machine=machine,
        compression=order.compression,
    )


def rfc3339(moment: datetime) -> str:
    """Return a moment of UTC as manifests have it, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _url(order: BuildOrder, iso: StagedIso) -> str:
    """Return where these very bytes can be had; a file at hand may be another one."""
    urls, medium = order.release.urls, order.medium
    return f"{urls[0]}/{medium.file}" if urls and iso.sha256 == medium.sha256 else ""


def tools(connection: Connection) -> dict[str, str]:
    """Return the versions of the programs and libraries that had a hand in the template."""
    libraries = {name: version(name) for name in ("builder", "pycdlib", "pykickstart")}
    said = process.run(["qemu-img", "--version"]).stdout.split()
    return {**libraries, "qemu-img": said[2], **host.version(connection)}
