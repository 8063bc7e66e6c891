"""builder gc."""

from typing import Annotated

import typer

from builder.cli.context import context
from builder.cli.output import table, to_json
from builder.errors import HostError


def gc(
    ctx: typer.Context,
    *,
    kept: Annotated[
        bool,
        typer.Option(
            "--kept",
            help="Also what --keep left, and what attach could go on with, if it is off.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Clear what killed builds, and checks of templates, left on the host: domains, disks, media.

    What a process is at is left alone, and so is a build whose installation goes on or is done:
    see attach. What is not ours for certain is only told.
    """
    from builder.host.host import open_host
    from builder.recipes.gc import collect_garbage

    shared = context(ctx)
    with open_host(shared.settings, shared.monitor) as host:
        found = collect_garbage(host, kept=kept, dry_run=dry_run, monitor=shared.monitor)
    rows = [
        (each.build_id, each.name, each.verdict, each.why, " ".join(each.left)) for each in found
    ]
    text = table(("BUILD", "NAME", "VERDICT", "WHY", "LEFT"), rows) if rows else "Nothing is left."
    typer.echo(to_json(found) if json else text)
    if any(each.verdict == "left behind" for each in found):
        raise HostError(
            "Not all that nobody needs could be cleared.",
            hint="The warnings say why: mend that, then `builder gc` clears the rest.",
        )
