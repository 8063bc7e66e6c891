"""builder template delete and prune."""

from typing import Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json
from builder.cli.template.shared import opened, told


def delete(
    ctx: typer.Context,
    references: Annotated[list[str], typer.Argument(metavar="REF...", help="NAME@VERSION.")],
    *,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Also the newest, what channels point to, and what pools that are away may need.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Delete versions; there is no way back.

    What a disk or a domain needs is never deleted.
    """
    from builder.registry import removal

    here = context(ctx)
    with opened(here) as store:
        gone = removal.delete(store, references, force=force, monitor=here.monitor)
    lines = []
    for each in gone:
        lines.append(f"{each.name} {each.version} is deleted, {size(each.size)}")
        lines.extend(map(told, each.moved))
    typer.echo(to_json(gone) if json else "\n".join(lines))


def prune(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one's versions.")] = "",
    *,
    keep: Annotated[int, typer.Option(min=0, help="So many of the newest stay.")] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell.")] = False,
    json: Json = False,
) -> None:
    """Delete old versions that nobody needs.

    What a channel points to or would go back to, a disk or a domain needs, and the newest stay.
    """
    from builder.registry import removal

    here = context(ctx)
    with opened(here) as store:
        found = removal.prune(store, name, keep=keep, dry_run=dry_run, monitor=here.monitor)
    gone = "would go" if dry_run else "gone"
    what = (f"stays: {'; '.join(each.kept)}" if each.kept else gone for each in found)
    rows = [(x.name, x.version, size(x.size), word) for x, word in zip(found, what, strict=True)]
    header = ("NAME", "VERSION", "REAL", "WHAT AND WHY")
    typer.echo(to_json(found) if json else table(header, rows))
