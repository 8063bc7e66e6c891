"""builder rehearsal: the installer ISO that we make ourselves."""

from pathlib import Path
from typing import Annotated

import typer

from builder.cli.context import Replace, context, written
from builder.cli.output import size as shown

app = typer.Typer(
    no_args_is_help=True, help="The rehearsal: a small installer ISO made of this distribution."
)


@app.command("make")
def make_(
    ctx: typer.Context,
    *,
    layout: Annotated[
        str, typer.Option(help="Media to be like: el7 to el10, or el8-minimal to el10-minimal.")
    ] = "el7",
    size: Annotated[
        int | None, typer.Option(help="Pad the ISO to this size.", metavar="MIB", min=1)
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write.", metavar="FILE", parser=written),
    ] = Path("rehearsal.iso"),
    force: Replace = False,
) -> None:
    """Make the rehearsal ISO."""
    from builder.paths import targets
    from builder.rehearsal.make import make

    where = targets.target(output, force=force)
    common = context(ctx)
    cache = common.settings.cache / "rehearsal"
    made = make(where, cache=cache, size_mib=size, layout=layout, monitor=common.monitor)
    typer.echo(f"{made}: {shown(made.stat().st_size)}")
