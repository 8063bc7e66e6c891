"""builder pipeline: many builds from one file."""

import typer

from builder.cli.pipeline.definition import list_
from builder.cli.pipeline.plan import plan
from builder.cli.pipeline.prune import prune
from builder.cli.pipeline.run import run
from builder.cli.pipeline.runs import runs

app = typer.Typer(no_args_is_help=True, help="Many builds from one file.")

# A line for each command, in the order of the help.
app.command("list")(list_)
app.command()(plan)
app.command()(run)
app.command()(runs)
app.command()(prune)
