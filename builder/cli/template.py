"""builder template: what has been published."""

from typing import Annotated

import typer

from builder.cli import template_supply
from builder.cli.context import context
from builder.cli.output import size, table, to_json

app = typer.Typer(no_args_is_help=True, help="Published templates.")
app.command()(template_supply.sbom)
app.command()(template_supply.provenance)
app.command()(template_supply.sign)
app.command()(template_supply.verify)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the templates in the store pool, oldest first."""
    from builder.template.registry import templates
    from builder.virt import pools
    from builder.virt.connection import connect

    settings = context(ctx).settings
    with connect(settings.uri) as connection:
        found = templates(pools.get(connection, settings.store_pool).path)
    rows = [
        (
            template.name,
            template.version,
            size(template.image.virtual_size),
            size(template.image.size),
            str(template.path),
        )
        for template in found
    ]
    header = ("NAME", "VERSION", "VIRTUAL", "REAL", "PATH")
    typer.echo(to_json(found) if json else table(header, rows))
