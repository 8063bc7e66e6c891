"""builder pipeline list."""

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json


def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List the pipelines that come with us."""
    from builder.pipeline.definition import available

    found = available(context(ctx).library, monitor=context(ctx).monitor)
    rows = [
        (each.name, str(len(each.jobs)), str(each.limits.parallel), each.title) for each in found
    ]
    typer.echo(to_json(found) if json else table(("NAME", "BUILDS", "PARALLEL", "TITLE"), rows))
