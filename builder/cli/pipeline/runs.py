"""builder pipeline runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json

if TYPE_CHECKING:
    from builder.record.run_list import Line

Name = Annotated[
    str, typer.Argument(metavar="[NAME]", help="Only this pipeline's; its file means the same.")
]
_SHOWN = 3
"""Names of images that failed."""


def meant(name: str) -> str:
    """Return the name of the pipeline that is meant by it, or by its file."""
    return Path(name).name.removesuffix(".toml") or name  # / must not mean all of them


def runs(ctx: typer.Context, name: Name = "", *, json: Json = False) -> None:
    """List the recorded runs, newest first, with what they came to."""
    from builder.record.run_list import lines

    here = context(ctx)
    found = lines(here.settings.runs, meant(name), monitor=here.monitor)
    header = ("RUN", "PIPELINE", "STATE", "BEGAN (UTC)", "TOOK", "BUILT", "KEPT", "FAILED")
    typer.echo(to_json(found) if json else table(header, [*map(_row, found)]))


def _row(line: "Line") -> tuple[str, ...]:
    from builder.model.text import duration

    return (
        line.run_id,
        line.pipeline,
        line.state,
        line.began.replace("T", " ").removesuffix("Z"),
        "-" if line.seconds is None else duration(line.seconds),
        str(line.published),
        str(line.unchanged),
        _failed(line.failed),
    )


def _failed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)}: {', '.join(names[:_SHOWN])}{more}" if names else "0"
