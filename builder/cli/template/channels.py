"""builder template promote, rollback, revoke and channel delete."""

from typing import Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import to_json
from builder.cli.template.shared import Reference, registry, told

channel = typer.Typer(no_args_is_help=True, help="The channels themselves.")


def promote(
    ctx: typer.Context,
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="NAME for its candidate, or NAME@VERSION.")
    ],
    *,
    to: Annotated[str, typer.Option(metavar="CHANNEL", help="What is to point to it.")] = "stable",
    json: Json = False,
) -> None:
    """Point a channel to a version."""
    from builder.registry import channels

    moved = channels.promote(registry(context(ctx)), reference, to=to)
    typer.echo(to_json(moved) if json else told(moved))


def rollback(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    *,
    which: Annotated[
        str, typer.Option("--channel", metavar="CHANNEL", help="Which one.")
    ] = "stable",
    json: Json = False,
) -> None:
    """Point a channel to what it had before."""
    from builder.registry import channels

    moved = channels.rollback(registry(context(ctx)), name, channel=which)
    typer.echo(to_json(moved) if json else told(moved))


def revoke(
    ctx: typer.Context,
    reference: Reference,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What is wrong with it.")],
    json: Json = False,
) -> None:
    """Never serve a version again.

    Channels that point to it are rolled back. Its files stay, for a look at what is wrong.
    """
    from builder.registry import channels

    done = channels.revoke(registry(context(ctx)), reference, reason=reason)
    lines = [f"{done.name} {done.version} is revoked: {done.reason}", *map(told, done.moved)]
    typer.echo(to_json(done) if json else "\n".join(lines))


@channel.command("delete")
def delete_channel(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="NAME@CHANNEL.")],
    *,
    json: Json = False,
) -> None:
    """Take a channel away, such as one of a slip of the pen; its version stays."""
    from builder.registry import channels

    gone = channels.delete(registry(context(ctx)), reference)
    line = f"{gone.name}@{gone.channel} is deleted; it pointed to {gone.before}"
    typer.echo(to_json(gone) if json else line)
