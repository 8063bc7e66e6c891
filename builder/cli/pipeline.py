"""builder pipeline: many builds from one file."""

import sys
from functools import partial
from typing import Annotated

import typer

from builder.cli.context import Artifacts, Json, context, linked
from builder.cli.output import TerminalMonitor, table, to_json
from builder.cli.template.supply import Sign, keyring

app = typer.Typer(no_args_is_help=True, help="Many builds from one file.")

File = Annotated[str, typer.Argument(help="A file, or the name of one of ours, such as nightly.")]


@app.command("list")
def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List the pipelines that come with us."""
    from builder.pipeline.definition import available

    found = available(context(ctx).library, monitor=context(ctx).monitor)
    rows = [(each.name, str(len(each.jobs)), str(each.parallel), each.title) for each in found]
    typer.echo(to_json(found) if json else table(("NAME", "BUILDS", "PARALLEL", "TITLE"), rows))


@app.command()
def plan(ctx: typer.Context, file: File, *, json: Json = False) -> None:
    """Show what would be built, and why; nothing is touched or downloaded."""
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


@app.command()
def run(
    ctx: typer.Context,
    file: File,
    *,
    parallel: Annotated[
        int, typer.Option(min=0, help="Builds at once; 0 means what the file says.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Build even what has not changed.")
    ] = False,
    sign: Sign = None,
    artifacts: Artifacts = None,
    json: Json = False,
) -> None:
    """Build what has changed; exit 10 if any build failed, after all the others."""
    from builder.pipeline import report, runner, runs
    from builder.pipeline.definition import find, load
    from builder.pipeline.work import build_job, prepare_host
    from builder.recipes.work import BuildOptions

    here = linked(context(ctx), artifacts)
    settings, library = here.settings, here.library
    pipeline = load(find(file), library)
    options = BuildOptions(force=force, sign=sign.absolute() if sign else None)
    known = keyring(sign)
    workers = parallel or pipeline.parallel
    prepare_host(settings, context(ctx).monitor)
    with runs.recorded(pipeline, settings.runs) as over:
        outcomes = runner.run(
            pipeline.jobs,
            partial(build_job, settings=settings, library=library, options=options, keyring=known),
            parallel=workers,
            monitors=partial(_monitor, bars=workers == 1 and sys.stderr.isatty()),
            over=over,
        )
    typer.echo(to_json(outcomes) if json else table(report.HEADER, report.rows(outcomes)))
    report.check(outcomes)


def _monitor(name: str, *, bars: bool) -> TerminalMonitor:
    return TerminalMonitor(bars=bars, prefix=f"[{name}] ")
