"""builder template list."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context, Json, context
from builder.cli.output import size, table, to_json
from builder.cli.template.shared import registry

if TYPE_CHECKING:
    from builder.recipes.updates import Repositories
    from builder.record.runs import Waiting
    from builder.registry.listing import Status
    from builder.registry.registry import Registry

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
        typer.echo(_with_updates(found, list(_waiting(found, there, shared)), json=json))
    else:
        typer.echo(to_json(found) if json else table(_HEADER, [_row(each) for each in found]))


def _with_updates(
    found: "Sequence[Status]", waiting: "Sequence[Waiting | str]", *, json: bool
) -> str:
    from builder.cli.template.updates import told

    if json:
        return to_json(
            [
                _fields(status) | {"waiting": None if isinstance(each, str) else each}
                for status, each in zip(found, waiting, strict=True)
            ]
        )
    cells = [each if isinstance(each, str) else told(each) for each in waiting]
    rows = [_row(status) for status in found]
    return table(
        (*_HEADER[:_UPDATES], "UPDATES", *_HEADER[_UPDATES:]),
        [(*x[:_UPDATES], cell, *x[_UPDATES:]) for x, cell in zip(rows, cells, strict=True)],
    )


def _fields(status: "Status") -> dict[str, object]:
    return {name: getattr(status, name) for name in status.__struct_fields__}


def _waiting(
    found: "Sequence[Status]", there: "Registry", shared: Context
) -> "Iterator[Waiting | str]":
    """Yield what waits for each template, or why that is not known; each repository is read once.

    A repository that does not answer is told once.
    """
    from builder.errors import BuilderError, MediaError
    from builder.recipes.updates import Repositories

    repositories, warned = Repositories(), set[str]()
    for each in found:
        try:
            answer = _asked(each, there, shared, repositories)
        except MediaError as error:
            answer = "cannot be asked"
            if error.message not in warned:
                shared.monitor.tell("warning", error.message)
                warned.add(error.message)
        except BuilderError:  # `builder template updates` tells why
            answer = "-"
        yield answer


def _asked(
    status: "Status", there: "Registry", shared: Context, repositories: "Repositories"
) -> "Waiting | str":
    from builder.monitor import SilentMonitor
    from builder.recipes.updates import waiting
    from builder.registry.registry import manifest

    template = there.template(status.name, status.version)
    if template is None:
        return "-"
    return waiting(manifest(template), shared.library, repositories, monitor=SilentMonitor())


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
