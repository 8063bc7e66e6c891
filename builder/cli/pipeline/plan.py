"""builder pipeline plan."""

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json
from builder.cli.pipeline.shared import File

_WOULD_BE = {
    "new": "built",
    "changed": "built",
    "unchanged": "kept",
    "unknown": "kept or built",
    "wrong": "failed",
}


def plan(ctx: typer.Context, file: File, *, json: Json = False) -> None:
    """Show what would be built or kept, and why; nothing is touched.

    The package repositories that kickstarts install from are asked; no ISO is downloaded.
    """
    from builder.model.text import unbroken
    from builder.pipeline.definition import find, load
    from builder.pipeline.plan import plan as compare

    here = context(ctx)
    found = compare(
        load(find(file), here.library), here.settings, here.library, monitor=here.monitor
    )
    if json:
        typer.echo(to_json(found))
        return
    rows = [
        (
            each.name,
            each.release,
            each.profile,
            each.medium,
            _WOULD_BE[each.state],
            unbroken(each.reason),
        )
        for each in found
    ]
    typer.echo(table(("TEMPLATE", "RELEASE", "PROFILE", "MEDIUM", "WOULD BE", "REASON"), rows))
