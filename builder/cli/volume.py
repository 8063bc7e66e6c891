"""builder volume: disks in a pool."""

from typing import Annotated

import typer

from builder.cli.context import MOST_GIB, Json, context
from builder.cli.output import size, table, to_json

app = typer.Typer(no_args_is_help=True, help="Volumes of a pool; the store pool unless named.")

PoolOption = Annotated[str, typer.Option("--pool", help="Another pool than the store pool.")]


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="File name, such as data.qcow2.")],
    size_gib: Annotated[int, typer.Argument(min=1, max=MOST_GIB, help="Virtual size in GiB.")],
    *,
    pool: PoolOption = "",
) -> None:
    """Create a qcow2 volume that takes space only for what is written to it."""
    from builder.host.libvirtd import opened
    from builder.recipes import volumes

    settings, monitor = context(ctx).settings, context(ctx).monitor
    with opened(settings.uri, monitor=monitor) as connection:
        volume = volumes.create(
            connection, pool or settings.store_pool, name, capacity=size_gib * 2**30
        )
    typer.echo(str(volume.path))


@app.command("list")
def list_(ctx: typer.Context, *, pool: PoolOption = "", json: Json = False) -> None:
    """List the disks and media in a pool: volumes of yours, of templates and of builds."""
    from builder.host.libvirtd import opened
    from builder.recipes.volumes import listing

    settings, monitor = context(ctx).settings, context(ctx).monitor
    with opened(settings.uri, monitor=monitor) as connection:
        found = listing(connection, settings, pool=pool or settings.store_pool)
    rows = [
        (volume.name, volume.kind, volume.format, size(volume.capacity), size(volume.allocation))
        for volume in found
    ]
    typer.echo(
        to_json(found) if json else table(("NAME", "KIND", "FORMAT", "VIRTUAL", "REAL"), rows)
    )


@app.command()
def delete(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Volume to delete; there is no way back.")],
    *,
    pool: PoolOption = "",
) -> None:
    """Delete a volume that no domain and no other disk needs, and that is nobody else's."""
    from builder.host.libvirtd import opened
    from builder.recipes import volumes

    settings, monitor = context(ctx).settings, context(ctx).monitor
    with opened(settings.uri, monitor=monitor) as connection:
        gone = volumes.delete(
            connection, settings, name, pool=pool or settings.store_pool, monitor=monitor
        )
    typer.echo(f"{gone.name} is deleted, {size(gone.allocation)}")
