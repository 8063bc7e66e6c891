"""builder pool: the storage pools that builds use."""

from typing import TYPE_CHECKING

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json

if TYPE_CHECKING:
    from builder.model.storage import Pool

app = typer.Typer(no_args_is_help=True, help="Storage pools: iso for media, store for disks.")


@app.command()
def init(ctx: typer.Context) -> None:
    """Define, start and autostart both pools; one that is there keeps its place and files."""
    from builder.host import pools
    from builder.host.libvirtd import opened

    settings, monitor = context(ctx).settings, context(ctx).monitor
    with opened(settings.uri, monitor=monitor) as connection:
        for pool in pools.init(connection, settings, anew=monitor):
            typer.echo(f"{pool.name}: {pool.path}, {size(pool.available)} free")


def _state(pool: "Pool") -> str:
    """Return what to say of a pool: libvirt calls one active whose folder has gone since."""
    if not pool.active:
        return "inactive"
    return "active" if pool.path.exists() else "away"


@app.command("list")
def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List the directory pools of this libvirt."""
    from builder.host.libvirtd import opened
    from builder.virt.pools import all_pools

    shared = context(ctx)
    with opened(shared.settings.uri, monitor=shared.monitor) as connection:
        found = all_pools(connection)
    rows = [
        (
            pool.name,
            _state(pool),
            "yes" if pool.autostart else "no",
            size(pool.available),
            str(pool.path),
        )
        for pool in found
    ]
    header = ("NAME", "STATE", "AUTOSTART", "FREE", "PATH")
    typer.echo(to_json(found) if json else table(header, rows))
