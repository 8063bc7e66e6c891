"""Keys of ed25519, as `openssl genpkey -algorithm ed25519` and ssh-keygen write them."""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from builder.errors import ConfigError, HostError
from builder.paths.reading import read_data

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PASSPHRASE = "BUILDER_SIGN_PASSPHRASE"  # noqa: S105  # the name of a variable
_LARGEST = 2**16
T = TypeVar("T")
_HINTS = {
    "private key": "`openssl genpkey -algorithm ed25519` prints a new one.",
    "public key": "`openssl pkey -pubout -in KEY` prints that of the private key KEY.",
}
"""What loses nothing when it is done: a key may be there."""


class PrivateKey(Protocol):
    """What signing needs of a key, for those that do without the library for keys until then."""

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature of the data."""

    def public_key(self) -> "Ed25519PublicKey":
        """Return the key that verifies it."""

    def private_bytes_raw(self) -> bytes:
        """Return its 32 bytes."""


class Keyring(msgspec.Struct, frozen=True):
    """Private keys that were read already, by their files; it may go to another process."""

    raw: dict[Path, bytes] = {}

    def private(self, path: Path) -> PrivateKey:
        """Return the key of a file, which is read if it is not here. Raises as `private` does."""
        if path not in self.raw:
            return private(path, passphrase=partial(from_environment, path))
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.raw[path])

    def __repr__(self) -> str:
        """Say nothing: values end up in tracebacks."""
        return "Keyring(…)"


EMPTY = Keyring()


def from_environment(path: Path) -> str:
    """Return the passphrase of a key. Raises ConfigError without one.

    No option has it: everyone can read those in `ps`.
    """
    if found := os.environ.get(PASSPHRASE):
        return found
    raise ConfigError(
        f"The key {path} is encrypted, and nobody is there to ask.",
        hint=f"Put its passphrase into {PASSPHRASE}.",
    )


def private(path: Path, *, passphrase: Callable[[], str]) -> PrivateKey:
    """Read a private key; `passphrase` is asked only for one that is encrypted.

    Raises ConfigError for a file that is no such key, or not with that passphrase, and HostError
    where the library for keys is missing.
    """
    require()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
    )

    data = _read(path)
    ssh = b"BEGIN OPENSSH" in data
    load = serialization.load_ssh_private_key if ssh else serialization.load_pem_private_key
    try:
        key = load(data, None)
    except TypeError:  # it is encrypted
        opening = passphrase().encode(errors="surrogateescape")
        key = _opened(path, partial(load, data, opening))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _useless(path, "private key", _first(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _useless(path, "private key", "it is of another algorithm")
    return key


def _opened(path: Path, load: Callable[[], T]) -> T:
    """Return an encrypted key. A wrong passphrase and damage look alike to libraries."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load()
    except UnsupportedAlgorithm as error:  # ssh-keygen's own encryption needs bcrypt
        raise ConfigError(
            f"The key {path} cannot be decrypted here: {_first(error)}.",
            hint="`pip install 'cryptography[ssh]'` brings what encrypted keys of ssh-keygen need.",
        ) from error
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"The key {path} cannot be decrypted with the passphrase: {_first(error)}.",
            hint=f"{PASSPHRASE}, or else a prompt, has to tell the right one.",
        ) from error


def public(path: Path) -> "Ed25519PublicKey":
    """Read a public key. Raises as `private` does."""
    require()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PublicKey,
    )

    data = _read(path)
    ssh = data.lstrip().startswith(b"ssh-")
    load = serialization.load_ssh_public_key if ssh else serialization.load_pem_public_key
    try:
        key = load(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _useless(path, "public key", _first(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _useless(path, "public key", "it is of another algorithm")
    return key


def require() -> None:
    """Raise HostError where the library for keys is missing."""
    try:
        import cryptography  # noqa: F401  # whether it is there
    except ImportError as error:
        raise HostError(
            "The library that signs and verifies is not installed.",
            hint="`pip install cryptography` does that, where builder is installed.",
        ) from error


def identity(key: "Ed25519PublicKey") -> str:
    """Return what a key is known by: the sha256 of its SubjectPublicKeyInfo, in hex.

    `openssl pkey -pubin -in FILE -outform DER | sha256sum` prints the same.
    """
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def _read(path: Path) -> bytes:
    return read_data(path, limit=_LARGEST, pipes=True, hint="Check its path and permissions.")


def _useless(path: Path, kind: str, reason: str) -> ConfigError:
    return ConfigError(
        f"{path} is no {kind} of ed25519 that can be used: {reason}.", hint=_HINTS[kind]
    )


def _first(error: Exception) -> str:
    """Return the first line of what a library says."""
    reason = str(error).strip()
    return reason.splitlines()[0].rstrip(".?") if reason else "it cannot be read"
