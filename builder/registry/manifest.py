"""The record of a build, and the key that says whether it must be done again."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version

import msgspec

from builder import process
from builder.errors import HostError
from builder.kickstart.masking import mask
from builder.model.build import BuildOrder, hardware_name
from builder.model.domain import Machine
from builder.model.hiding import MARK
from builder.model.kickstart import CheckFile, Kickstart
from builder.model.media import StagedIso
from builder.model.template import Manifest, Origin, RepositoryState
from builder.model.text import rfc3339
from builder.model.traces import Traces
from builder.virt import capabilities as host
from builder.virt.connection import Connection

_DATED = re.compile(r"-20[0-9]{6}\.")
_ROUNDS = 200_000
"""About a twentieth of a second."""


def build_key(
    order: BuildOrder,
    kickstart: Kickstart,
    *,
    origin_sha256: str,
    repositories: Sequence[RepositoryState] = (),
) -> str:
    """Return the sha256 over everything that a template depends on.

    What installs from its medium alone has the keys that it had before there were repositories.
    """
    inputs: dict[str, object] = {
        "builder": version("builder"),
        "iso": origin_sha256,
        "kickstart": _costly(kickstart.for_build("")),
        "installer_args": order.release.installer_args,
        "firmware": hardware_name(order.firmware, secure_boot=order.secure_boot, tpm=order.tpm),
        "capacity": order.capacity,
        "compression": order.compression,
        "checks": [_digest(order.checks.files[name]) for name in order.checks.programs],
    }
    if repositories:
        inputs["repositories"] = sorted((each.url, each.digest) for each in repositories)
    return hashlib.sha256(msgspec.json.encode(inputs, order="sorted")).hexdigest()


@lru_cache(maxsize=16)
def _costly(text: str) -> str:
    """Return a digest that is slow to try passwords with: the key is published, they are not."""
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"builder", _ROUNDS).hex()


def _digest(file: CheckFile) -> str:
    return hashlib.sha256(file.content).hexdigest()


def origin(order: BuildOrder, iso: StagedIso) -> Origin:
    """Return what a template of the order is made from."""
    release, medium = order.release, order.medium
    urls = medium.urls or release.urls
    # A file at hand may be another one than that of the catalogue.
    known = iso.sha256 == medium.sha256 or iso.voucher.state in ("signed", "listed")
    # What moves is found there under its dated name alone, once there is a newer one.
    name = medium.file if not release.rolling else iso.volume if _DATED.search(iso.volume) else ""
    url = f"{urls[0]}/{name}" if urls and known and name else ""
    return Origin(file=iso.volume, sha256=iso.sha256, url=url, voucher=iso.voucher)


def draft(
    order: BuildOrder,
    origin: Origin,
    kickstart: Kickstart,
    *,
    machine: Machine,
    traces: Traces,
    repositories: tuple[RepositoryState, ...] = (),
) -> Manifest:
    """Return what is known of a build before it begins, the kickstart's secrets masked."""
    record = mask(kickstart.text)
    return Manifest(
        name=order.name,
        build_id=traces.id,
        build_key=build_key(
            order, kickstart, origin_sha256=origin.sha256, repositories=repositories
        ),
        created=rfc3339(traces.began),
        release=order.release.name,
        profile=order.profile.name,
        medium=order.variant,
        iso=origin.file,
        iso_sha256=origin.sha256,
        iso_url=origin.url,
        iso_voucher=origin.voucher,
        variables=shown(order.variables, kickstart.text, record),
        kickstart=record,
        repositories=repositories,
        machine=machine,
        firmware=order.firmware,
        compression=order.compression,
    )


def shown(variables: Mapping[str, str], text: str, record: str) -> dict[str, str]:
    """Return the variables as they may be seen, of a kickstart's text and the record of that.

    Hidden is what has a secret's name, and what the record does not show.
    """

    def masked(name: str, value: str) -> str:
        hidden = MARK in mask(f"{name}={value}") or (value in text and value not in record)
        return MARK if hidden else mask(value)

    return {name: masked(name, value) for name, value in variables.items()}


def tools(connection: Connection) -> dict[str, str]:
    """Return the versions of the programs and libraries that had a hand in the template.

    Those that do not answer are left out: no build fails for what is nice to know.
    """
    found = {name: version(name) for name in ("builder", "pycdlib", "pykickstart")}
    with suppress(HostError):
        found["qemu-img"] = process.run(["qemu-img", "--version"]).stdout.split()[2]
    with suppress(HostError):
        found |= host.version(connection)
    return found
