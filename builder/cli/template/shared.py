"""What the commands about templates share."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import context

if TYPE_CHECKING:
    from builder.model.ledger import Moved
    from builder.registry.removal import Store

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reference = Annotated[
    str, typer.Argument(metavar="REF", help="NAME, NAME@VERSION, NAME@CHANNEL or NAME@latest.")
]


def store_folder(ctx: typer.Context) -> Path:
    """Return the store pool's folder. Raises HostError when there is no such pool."""
    with opened(ctx) as store:
        return store.path


@contextmanager
def opened(ctx: typer.Context) -> Iterator["Store"]:
    """Connect to libvirt and look up the store pool, for the block. Raises HostError."""
    from builder.registry.removal import Store
    from builder.virt import pools
    from builder.virt.connection import connect

    settings = context(ctx).settings
    with connect(settings.uri) as connection:
        pool = pools.get(connection, settings.store_pool)
        yield Store(pool=pool, connection=connection, artifacts=settings.artifacts)


def say_moved(moves: Iterable["Moved"]) -> None:
    """Print what channels point to now."""
    for move in moves:
        label = f"{move.name}@{move.channel}"
        if move.before == move.after:
            typer.echo(f"{label}: {move.after}, as before")
        elif move.after:
            typer.echo(f"{label}: {f'{move.before} -> ' if move.before else ''}{move.after}")
        else:
            typer.echo(f"{label}: {move.before} -> none, for it had nothing else before")
