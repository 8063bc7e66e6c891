"""`builder timer`: pipelines that run by themselves."""

from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json

if TYPE_CHECKING:
    from builder.pipeline.timer_systemd import State

app = typer.Typer(no_args_is_help=True, help="Pipelines that run by themselves, by systemd.")

Name = Annotated[str, typer.Argument(help="As `builder timer list` shows it.")]
User = Annotated[bool, typer.Option("--user", help="One of your own, not of the system.")]


@app.command("list")
def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List the timers that install-timer wrote, with their next and their last run."""
    from builder.pipeline.timer_units import installed

    found = installed(monitor=context(ctx).monitor)
    rows = [
        (
            each.name,
            "user" if each.user else "system",
            each.at,
            each.state.enabled,
            each.state.next,
            _last(each.state),
            each.pipeline,
        )
        for each in found
    ]
    header = ("NAME", "OF", "AT", "STATE", "NEXT", "LAST", "PIPELINE")
    text = table(header, rows) if rows else "There is none: see `builder pipeline install-timer`."
    typer.echo(to_json(found) if json else text)


def _last(state: "State") -> str:
    if state.run in ("activating", "deactivating"):
        return "running"
    if state.ended:
        good = "succeeded" if state.result == "success" else f"failed ({state.exit_code})"
        return f"{good}, {state.ended}"
    return "never" if state.last == "n/a" else state.last


@app.command()
def show(ctx: typer.Context, name: Name, *, user: User = False, json: Json = False) -> None:
    """Show a timer's units, and what systemd knows of them."""
    from builder.paths.reading import read_text
    from builder.pipeline.timer_units import find

    found = find(name, user=user, monitor=context(ctx).monitor)
    if json:
        typer.echo(to_json(found))
        return
    for path in (found.service, found.timer):
        typer.echo(f"# {path}\n{read_text(path)}")
    state = found.state
    rows = [("state", f"{state.enabled} {state.active}"), ("next", state.next)]
    rows.append(("last", _last(state)))
    typer.echo("\n".join(f"{key:<6} {value}".rstrip() for key, value in rows))
    manager = "--user " if user else ""
    typer.echo(f"Its log: journalctl {manager}-u {found.unit}.service")


@app.command()
def remove(ctx: typer.Context, name: Name, *, user: User = False) -> None:
    """Disable and stop a timer, and remove its units; no unit that is not ours."""
    from builder.pipeline.timer_units import find
    from builder.pipeline.timer_units import remove as take_away

    for path in take_away(find(name, user=user, monitor=context(ctx).monitor)):
        typer.echo(f"removed {path}")
