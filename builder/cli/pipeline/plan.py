"""builder pipeline plan."""

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json
from builder.cli.pipeline.shared import File


def plan(ctx: typer.Context, file: File, *, json: Json = False) -> None:
    """Show what would be built, and why; nothing is touched.

    The package repositories that kickstarts install from are asked, no ISO is downloaded.
    """
    from builder.model.text import unbroken
    from builder.pipeline.definition import find, load
    from builder.pipeline.plan import plan as compare

    here = context(ctx)
    found = compare(
        load(find(file), here.library), here.settings, here.library, monitor=here.monitor
    )
    rows = [
        (each.name, each.release, each.profile, each.medium, unbroken(each.reason))
        for each in found
    ]
    header = ("TEMPLATE", "RELEASE", "PROFILE", "MEDIUM", "REASON")
    typer.echo(to_json(found) if json else table(header, rows))
