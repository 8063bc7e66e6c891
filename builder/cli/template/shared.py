"""What the commands about templates share."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context

if TYPE_CHECKING:
    from builder.registry.ledger import Moved
    from builder.registry.registry import Registry
    from builder.registry.removal import StorePool

Reference = Annotated[
    str, typer.Argument(metavar="REF", help="NAME, NAME@VERSION, NAME@CHANNEL or NAME@latest.")
]


def registry(shared: Context) -> "Registry":
    """Return the templates in the store pool; libvirt may be away.

    Raises HostError when there is no such pool.
    """
    from builder.host import pools
    from builder.registry.registry import Registry

    return Registry(pools.folder(shared.settings, "store_pool", monitor=shared.monitor))


@contextmanager
def opened(shared: Context) -> Iterator["StorePool"]:
    """Connect to libvirt and start the store pool, for the block. Raises HostError."""
    from builder.host import libvirtd
    from builder.registry.removal import StorePool
    from builder.virt import pools

    settings = shared.settings
    with libvirtd.opened(settings.uri, monitor=shared.monitor) as connection:
        pool = pools.start(connection, settings.store_pool)
        yield StorePool(pool=pool, connection=connection, builds=settings.builds)


def told(move: "Moved") -> str:
    """Return what a channel points to now, as a line for people."""
    label = f"{move.name}@{move.channel}"
    if move.before == move.after:
        return f"{label}: {move.after}, as before"
    if move.before and move.after:
        return f"{label}: {move.before} -> {move.after}"
    if move.after:
        return f"{label}: {move.after}{_new(move)}"
    return f"{label}: {move.before} -> none, for it had nothing else before"


def _new(move: "Moved") -> str:
    if move.near:
        word = f"{move.name}@{move.channel}"
        away = f"`builder template channel delete {shlex.quote(word)}`"
        return f", a new channel. Did you mean {move.near}? {away} takes it away."
    return "" if move.channel == "stable" else ", a new channel"
