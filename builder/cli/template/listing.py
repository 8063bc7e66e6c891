"""builder template list."""

from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json
from builder.cli.template.shared import registry

if TYPE_CHECKING:
    from builder.registry.listing import Status

_HEADER = ("NAME", "VERSION", "CHANNELS", "AGE", "VIRTUAL", "REAL", "PATH")


def list_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one's versions.")] = "",
    *,
    json: Json = False,
) -> None:
    """List the templates in the store pool, oldest first."""
    from builder.registry.listing import statuses

    found = statuses(registry(context(ctx)), name)
    typer.echo(to_json(found) if json else table(_HEADER, [_row(each) for each in found]))


def _row(status: "Status") -> tuple[str, ...]:
    from builder.registry.listing import age

    marks = (*status.channels, *(("(revoked)",) if status.revoked else ()))
    return (
        status.name,
        status.version,
        " ".join(marks) or "-",
        age(status.created),
        size(status.image.virtual_size),
        size(status.image.size),
        str(status.path),
    )
