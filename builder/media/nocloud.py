"""cloud-init's NoCloud seed: a small ISO labelled cidata, read at the first boot.

The keys and the host's name go into meta-data, whose public-keys and local-hostname every
cloud-init knows, so that the user's user-data stays as it is, whatever kind it is of.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from builder.errors import ConfigError, UsageError
from builder.media import data_iso
from builder.model.clone import Seed
from builder.paths.reading import read_data

LABEL = "cidata"
_LARGEST = 16 << 20
"""Bytes of a file of the user's."""
_KEY = re.compile(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*(?: .*)?")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_HEADERS = (
    b"#cloud-config",
    b"#!",
    b"#include",
    b"#cloud-boothook",
    b"#part-handler",
    b"## template: jinja",
    b"Content-Type: multipart/",
    b"MIME-Version:",
    b"\x1f\x8b",  # gzip
)
"""How user-data begins: cloud-init's documentation, "User data formats"."""


def read(hostname: str, *, ssh_keys: Iterable[Path], user_data: Path | None) -> Seed:
    """Return the seed with what the files hold.

    Raises UsageError for what is no host's name, ConfigError for a file that cannot be read or
    is of another kind.
    """
    if not _HOSTNAME.fullmatch(hostname):
        raise UsageError(
            f"{hostname!r} cannot be the name of a host.",
            hint="Letters, digits, dots and hyphens: give one with --hostname.",
        )
    keys = tuple(key for path in ssh_keys for key in _keys(path))
    if user_data is None:
        return Seed(hostname=hostname, ssh_keys=keys)
    return Seed(hostname=hostname, ssh_keys=keys, user_data=_user_data(user_data))


def make(seed: Seed, output: Path, *, instance: str, when: datetime) -> None:
    """Write the ISO; only its owner may read it. `instance` tells one machine from another."""
    contents = {"meta-data": meta_data(seed, instance=instance), "user-data": seed.user_data}
    data_iso.write(LABEL, contents, output, when=when)


def meta_data(seed: Seed, *, instance: str) -> bytes:
    """Return the meta-data as JSON, which is YAML, too."""
    value: dict[str, object] = {"instance-id": instance, "local-hostname": seed.hostname}
    if seed.ssh_keys:
        value["public-keys"] = seed.ssh_keys
    return msgspec.json.encode(value) + b"\n"


def _keys(path: Path) -> list[str]:
    content = read_data(path, limit=_LARGEST, pipes=True, hint="Check the path.")
    if b"PRIVATE KEY-----" in content:
        raise ConfigError(f"{path} is a private key.", hint=f"Give the public one: {path}.pub.")
    lines = [line.strip() for line in content.decode(errors="replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys or not all(_KEY.fullmatch(key) for key in keys):
        raise ConfigError(
            f"{path} holds something else than public ssh keys.",
            hint="Give a file such as ~/.ssh/id_ed25519.pub.",
        )
    return keys


def _user_data(path: Path) -> bytes:
    content = read_data(path, limit=_LARGEST, pipes=True, hint="Check the path.")
    if not content.startswith(_HEADERS):
        raise ConfigError(
            f"{path} does not begin as user-data does, so cloud-init would ignore it.",
            hint="Its first line says what it is: #cloud-config for YAML, #!/bin/sh for a script.",
        )
    return content
