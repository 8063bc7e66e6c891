"""builder pipeline run."""

from typing import Annotated

import typer

from builder.cli.context import Artifacts, Events, Json, context, linked
from builder.cli.output import table, to_json
from builder.cli.pipeline.shared import Except, File, Only
from builder.cli.template.supply import Sign, keyring


def run(
    ctx: typer.Context,
    file: File,
    *,
    only: Only = None,
    without: Except = None,
    parallel: Annotated[
        int, typer.Option(min=0, help="Builds at once; 0 means what the file says.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Build even what has not changed.")
    ] = False,
    sign: Sign = None,
    artifacts: Artifacts = None,
    events: Events = None,
    json: Json = False,
) -> None:
    """Build what has changed; exit 10 if any build failed, after all the others."""
    from builder.cli.pipeline.display import displayed
    from builder.pipeline import summary
    from builder.pipeline.choice import chosen
    from builder.pipeline.definition import find, load
    from builder.pipeline.run import RunOptions, carry_out
    from builder.recipes.work import BuildOptions

    here = linked(context(ctx), artifacts)
    pipeline = chosen(load(find(file), here.library), only or (), without or ())
    sign = sign or pipeline.publish.sign
    how = RunOptions(
        build=BuildOptions(force=force, sign=sign.absolute() if sign else None),
        keyring=keyring(sign),
        parallel=parallel,
    )
    with displayed(events=events) as display:
        done = carry_out(
            pipeline, here.settings, here.library, how=how, monitor=here.monitor, display=display
        )
    outcomes = done.outcomes
    typer.echo(to_json(outcomes) if json else table(summary.HEADER, summary.rows(outcomes)))
    summary.check(outcomes)
    summary.check_rest(done)
