"""builder pipeline: many builds from one file."""

import typer

from builder.cli.pipeline.definition import check, list_, new, show
from builder.cli.pipeline.install_timer import install_timer
from builder.cli.pipeline.notify import notify_test
from builder.cli.pipeline.plan import plan
from builder.cli.pipeline.prune import prune
from builder.cli.pipeline.run import run
from builder.cli.pipeline.runs import runs

app = typer.Typer(no_args_is_help=True, help="Many builds from one file.")

# A line for each command, in the order of the help.
app.command("list")(list_)
app.command()(show)
app.command()(new)
app.command()(check)
app.command()(plan)
app.command()(run)
app.command()(runs)
app.command()(prune)
app.command("install-timer")(install_timer)
app.command("test-notify")(notify_test)
