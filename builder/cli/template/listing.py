"""builder template list."""

from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.output import size, table, to_json
from builder.cli.template.shared import Json, store_folder

if TYPE_CHECKING:
    from builder.registry.listing import Entry

_HEADER = ("NAME", "VERSION", "CHANNELS", "AGE", "VIRTUAL", "REAL", "PATH")


def list_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one's versions.")] = "",
    *,
    json: Json = False,
) -> None:
    """List the templates in the store pool, oldest first."""
    from builder.registry.listing import entries

    found = entries(store_folder(ctx), name)
    typer.echo(to_json(found) if json else table(_HEADER, [_row(each) for each in found]))


def _row(entry: "Entry") -> tuple[str, ...]:
    from builder.registry.listing import age

    marks = (*entry.channels, *(("(revoked)",) if entry.revoked else ()))
    return (
        entry.name,
        entry.version,
        " ".join(marks) or "-",
        age(entry.created),
        size(entry.image.virtual_size),
        size(entry.image.size),
        str(entry.path),
    )
