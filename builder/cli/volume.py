"""builder volume: disks in a pool."""

from typing import Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json

app = typer.Typer(no_args_is_help=True, help="Volumes of a pool; the store pool unless named.")

PoolOption = Annotated[str, typer.Option("--pool", help="Another pool than the store pool.")]


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="File name, such as data.qcow2.")],
    size_gib: Annotated[int, typer.Argument(min=1, help="Virtual size in GiB.")],
    *,
    pool: PoolOption = "",
) -> None:
    """Create a qcow2 volume that takes space only for what is written to it."""
    from builder.virt import volumes
    from builder.virt.connection import connect

    settings = context(ctx).settings
    with connect(settings.uri) as connection:
        volume = volumes.create(
            connection, pool or settings.store_pool, name, capacity=size_gib * 2**30
        )
    typer.echo(str(volume.path))


@app.command("list")
def list_(ctx: typer.Context, *, pool: PoolOption = "", json: Json = False) -> None:
    """List the volumes of a pool."""
    from builder.virt.connection import connect
    from builder.virt.volumes import all_volumes

    settings = context(ctx).settings
    with connect(settings.uri) as connection:
        found = all_volumes(connection, pool or settings.store_pool)
    rows = [
        (volume.name, volume.format, size(volume.capacity), size(volume.allocation))
        for volume in found
    ]
    typer.echo(to_json(found) if json else table(("NAME", "FORMAT", "VIRTUAL", "REAL"), rows))


@app.command()
def delete(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Volume to delete; there is no way back.")],
    *,
    pool: PoolOption = "",
) -> None:
    """Delete a volume."""
    from builder.virt import volumes
    from builder.virt.connection import connect

    settings = context(ctx).settings
    with connect(settings.uri) as connection:
        volumes.delete(connection, pool or settings.store_pool, name)
