"""builder builds prune."""

from typing import Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.retention import MOST, DryRun, FailureDays, rule, tell


def prune(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this template's.")] = "",
    *,
    keep: Annotated[
        int, typer.Option(min=0, max=MOST, help="So many of the newest stay, of each template.")
    ] = 10,
    failure_days: FailureDays = 30,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Remove old records of builds that have ended: logs, pages, kickstarts.

    The last good one of each template stays, and so does that of each template that is there, and
    of what has left something on the host.
    """
    from builder.recipes.pruning import prune_builds

    here, kept = context(ctx), rule(keep, failure_days)
    found = prune_builds(here.settings, name, rule=kept, dry_run=dry_run, monitor=here.monitor)
    rows = [((each.build_id, each.name, each.state), each) for each in found]
    tell(("BUILD", "NAME", "STATE"), rows, dry_run=dry_run, json=json)
