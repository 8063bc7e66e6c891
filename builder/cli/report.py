"""builder report."""

from pathlib import Path
from typing import Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import to_json
from builder.errors import UsageError


def report(
    ctx: typer.Context,
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder for it, made so that all may read it; else report in the state folder, "
            "for you alone.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write what the recorded runs of pipelines came to: pages, a feed, JUnit and JSON.

    Files of an earlier report are replaced, others never.
    """
    from builder.report import names
    from builder.report.write import FOLDER, PRIVATE, SHARED, write

    shared = context(ctx)
    settings = shared.settings
    if folder is not None and not folder.absolute().parent.is_dir():
        raise UsageError(
            f"There is no folder {folder.absolute().parent}.", hint="Make it, or name another."
        )
    place = folder or settings.state / FOLDER
    mode = PRIVATE if folder is None else SHARED
    written = write(settings.runs, place, mode=mode, monitor=shared.monitor)
    typer.echo(to_json(written) if json else str(place / names.INDEX))
