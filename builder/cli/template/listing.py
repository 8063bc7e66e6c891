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

    shared = context(ctx)
    found = statuses(registry(shared), name, monitor=shared.monitor)
    typer.echo(to_json(found) if json else table(_HEADER, [_row(each) for each in found]))


def _row(status: "Status") -> tuple[str, ...]:
    from builder.registry.listing import age

    wrong = "(unreadable)" if status.unreadable else "(damaged)"
    flags = {"(revoked)": status.revoked, wrong: status.damaged}
    marks = (*status.channels, *(flag for flag, why in flags.items() if why))
    sizes = (status.image.virtual_size, status.image.size) if status.image else ()
    return (
        status.name,
        status.version,
        " ".join(marks) or "-",
        age(status.finished or status.created) or "-",
        *(map(size, sizes) if sizes else "??"),
        str(status.path),
    )
