"""Ledgers in a store pool: NAME.channels.json, one for the versions of each name.

Who changes anything holds the pool's lock; readers need none, for a ledger is replaced as a whole.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from builder import files
from builder.errors import ConfigError, HostError
from builder.model.ledger import Ledger

LOCK = ".templates.lock"
SIGNATURES = ".intoto.jsonl"
"""By which in-toto names bundles, after the name of what they are about."""

_SUFFIX = ".channels.json"


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Be the only one to publish, move channels or remove templates in the pool, for the block.

    The lock ends with the process, however that ends. Raises HostError when the pool cannot be
    written to.
    """
    try:
        handle = os.open(store / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HostError(
            f"Cannot lock the templates in {store}: {error.strerror}.",
            hint="Is the store pool writable?",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read(store: Path, name: str) -> Ledger:
    """Return the ledger of that name; an empty one where there is no file.

    Raises ConfigError when it makes no sense: channels and revocations are not forgotten silently.
    """
    path = _path(store, name)
    try:
        ledger = msgspec.json.decode(path.read_bytes(), type=Ledger)
    except FileNotFoundError:
        return Ledger(name=name)
    except OSError as error:
        raise HostError(
            f"Cannot read {path}: {error.strerror}.", hint="Are you who keeps the templates?"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if ledger.name != name:
        raise _damaged(path, f"it is that of {ledger.name}")
    return ledger


def write(store: Path, ledger: Ledger) -> None:
    """Replace the ledger, durably, unless that is what it says; hold the lock. Raises HostError."""
    if read(store, ledger.name) == ledger:
        return
    with files.replacing(_path(store, ledger.name), mode=0o644) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(ledger), indent=2) + b"\n")


def drafts(store: Path) -> tuple[Path, ...]:
    """Return ledgers and signatures that were not finished; with the lock held, nobody will."""
    names = (_SUFFIX, SIGNATURES)
    return tuple(path for each in names for path in sorted(store.glob(f".*{each}.*.part")))


def _path(store: Path, name: str) -> Path:
    return store / f"{name}{_SUFFIX}"


def _damaged(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"The ledger {path} cannot be read: {why}.",
        hint="Put back a copy of it. If you move it away, channels and revocations are forgotten.",
    )
