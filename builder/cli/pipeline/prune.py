"""builder pipeline prune."""

from typing import Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.pipeline.runs import Name, meant
from builder.cli.retention import MOST, DryRun, FailureDays, rule, tell


def prune(
    ctx: typer.Context,
    name: Name = "",
    *,
    keep: Annotated[
        int, typer.Option(min=1, max=MOST, help="So many of the newest stay, of each pipeline.")
    ] = 90,
    failure_days: FailureDays = 30,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Remove old records of runs, which the report is made of.

    The last run in which an image was well stays, and so does one that goes on. Builds have records
    of their own: see `builder builds prune`.
    """
    from builder.record.retention_runs import prune_runs

    here = context(ctx)
    found = prune_runs(
        here.settings.runs,
        meant(name),
        rule=rule(keep, failure_days),
        dry_run=dry_run,
        monitor=here.monitor,
    )
    rows = [((each.run_id, each.pipeline), each) for each in found]
    tell(("RUN", "PIPELINE"), rows, dry_run=dry_run, json=json)
