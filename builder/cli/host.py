"""builder host: the machine that builds."""

from typing import Annotated

import typer

from builder.cli.context import context

app = typer.Typer(no_args_is_help=True, help="The machine that builds.")


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    ctx: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND")],
) -> None:
    """Run COMMAND with libvirt at hand; where none runs, one lives as long as COMMAND."""
    from builder import process
    from builder.host.libvirtd import libvirt_service

    settings, monitor = context(ctx).settings, context(ctx).monitor
    with libvirt_service(settings.uri, monitor=monitor):
        code = process.run_attached(command, umask=context(ctx).umask)
    raise typer.Exit(code)
