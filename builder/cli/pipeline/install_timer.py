"""builder pipeline install-timer."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context, context
from builder.cli.pipeline.shared import File
from builder.errors import HostError, UsageError

if TYPE_CHECKING:
    from builder.pipeline.timer import Timer, Units
    from builder.pipeline.timer_made import Asked


def install_timer(
    ctx: typer.Context,
    file: File,
    *,
    at: Annotated[str, typer.Option(help="HH:MM, or a calendar event of systemd.")],
    user: Annotated[
        bool, typer.Option("--user", help="For your own systemd, not the system's.")
    ] = False,
    enable: Annotated[
        bool, typer.Option("--enable", help="Enable and start the timer as well.")
    ] = False,
    print_: Annotated[bool, typer.Option("--print", help="Only show the units.")] = False,
    cron: Annotated[
        bool, typer.Option("--cron", help="Only show what a crontab has for it.")
    ] = False,
    delay: Annotated[
        str, typer.Option(help="Start at most so much later, each night the same: 0, 45min, 2h.")
    ] = "15min",
    name: Annotated[str, typer.Option(help="Of the timer, else the pipeline's.")] = "",
    environment_file: Annotated[
        Path | None,
        typer.Option(
            help="File of lines NAME=VALUE for what nobody else may read.", metavar="FILE"
        ),
    ] = None,
    on_failure: Annotated[
        str, typer.Option(help="Unit to start when a run fails or cannot begin.", metavar="UNIT")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a timer of ours.")] = False,
) -> None:
    """Run a pipeline every night: show, check and write a service and a timer for systemd.

    Both mean the same wherever this is typed: paths are absolute, and the settings that count now
    are in them. Passwords are not: they go into a file of your own.
    """
    from builder.pipeline import timer_systemd
    from builder.pipeline.timer_made import Asked

    given = ctx.find_root().params
    asked = Asked(
        file=file,
        at=at,
        delay=delay,
        name=name,
        user=user,
        environment_file=environment_file,
        on_failure=on_failure,
        config_file=Path(given["config_file"]) if given["config_file"] else None,
        uri=given["uri"],
    )
    timer_systemd.check_time(at)
    if cron or not (print_ or timer_systemd.runs()):
        _print_cron(asked, context(ctx), only=cron)
        return
    if os.geteuid() and not user and not print_:
        raise UsageError(
            "System units take root.", hint="--user installs your own, --print only shows them."
        )
    timer, units = _shown(asked, context(ctx), install=not print_)
    if not print_:
        _install(timer, units, force=force, enable=enable)


def _print_cron(asked: "Asked", here: Context, *, only: bool) -> None:
    from builder.pipeline.timer import clock, cron_file
    from builder.pipeline.timer_made import made

    if clock(asked.at) is None:
        raise UsageError(f"cron knows no time such as {asked.at!r}.", hint="Give HH:MM.")
    timer = made(asked, here.settings, here.library)
    typer.echo(cron_file(timer), nl=False)
    place = "your crontab (crontab -e)" if timer.user else f"/etc/cron.d/{timer.unit}"
    if not only:
        raise HostError(
            "No systemd runs here, so no timer was installed.",
            hint=f"Put what is printed above into {place}; with --cron that is all this does.",
        )
    typer.echo(f"That goes into {place}.", err=True)


def _shown(asked: "Asked", here: Context, *, install: bool) -> tuple["Timer", "Units"]:
    from builder.pipeline import timer_systemd
    from builder.pipeline.timer import units
    from builder.pipeline.timer_made import made
    from builder.pipeline.timer_pools import folders
    from builder.pipeline.timer_units import folder

    pools = folders(here.settings, make=install, monitor=here.monitor)
    timer = made(asked, here.settings, here.library, pools=pools)
    texts = units(timer, systemd=timer_systemd.version())
    for path, text in zip(
        timer_systemd.names(timer.unit, folder(user=timer.user)), texts, strict=True
    ):
        typer.echo(f"# {path}\n{text}")
    timer_systemd.verify(timer, texts)
    return timer, texts


def _install(timer: "Timer", units: "Units", *, force: bool, enable: bool) -> None:
    from builder.pipeline import timer_systemd, timer_units

    timer_systemd.check_command(timer)
    changed = timer_units.install(timer, units, force=force)
    manager = "systemctl --user" if timer.user else "systemctl"
    if enable:
        timer_systemd.systemctl("enable", "--now", f"{timer.unit}.timer", user=timer.user)
    state = timer_systemd.state(timer.unit, user=timer.user)
    typer.echo(f"{'Installed' if changed else 'Unchanged'}: {timer.unit}.service and .timer")
    if state.active == "active":
        typer.echo(f"Next run: {state.next}, or up to {timer.delay} later")
    else:
        typer.echo(f"Enable it: {manager} enable --now {shlex.quote(timer.unit)}.timer")
    if timer.user:
        typer.echo("It runs while you are not logged in only after: loginctl enable-linger")
