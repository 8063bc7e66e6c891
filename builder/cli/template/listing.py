"""builder template list."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json
from builder.cli.template.shared import registry
from builder.errors import MediaError

if TYPE_CHECKING:
    from builder.record.runs import Waiting
    from builder.registry.listing import Status

_HEADER = ("NAME", "VERSION", "CHANNELS", "AGE", "VIRTUAL", "REAL", "PATH")
_UPDATES = _HEADER.index("PATH")
"""Where that column goes: paths are long."""


def list_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one's versions.")] = "",
    *,
    updates: Annotated[
        bool, typer.Option("--updates", help="Ask their repositories what is newer.")
    ] = False,
    json: Json = False,
) -> None:
    """List the templates in the store pool, oldest first."""
    from builder.registry.listing import statuses

    shared = context(ctx)
    there = registry(shared)
    found = statuses(there, name, monitor=shared.monitor)
    if updates:
        from builder.recipes.updates import all_waiting

        templates = (there.template(each.name, each.version) for each in found)
        waiting = all_waiting(templates, shared.library, monitor=shared.monitor)
        typer.echo(_with_updates(found, list(waiting), json=json))
    else:
        typer.echo(to_json(found) if json else table(_HEADER, [_row(each) for each in found]))


def _with_updates(
    found: "Sequence[Status]", waiting: "Sequence[Waiting | MediaError | None]", *, json: bool
) -> str:
    if json:
        return to_json(
            [
                _fields(status) | {"waiting": None if isinstance(each, MediaError) else each}
                for status, each in zip(found, waiting, strict=True)
            ]
        )
    rows = zip(map(_row, found), map(_said, waiting), strict=True)
    return table(
        (*_HEADER[:_UPDATES], "UPDATES", *_HEADER[_UPDATES:]),
        [(*row[:_UPDATES], said, *row[_UPDATES:]) for row, said in rows],
    )


def _said(waiting: "Waiting | MediaError | None") -> str:
    from builder.cli.template.updates import told

    if isinstance(waiting, MediaError):
        return "cannot be asked"
    return "-" if waiting is None else told(waiting)


def _fields(status: "Status") -> dict[str, object]:
    return {name: getattr(status, name) for name in status.__struct_fields__}


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
