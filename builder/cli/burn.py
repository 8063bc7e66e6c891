"""`builder iso burn`: an ISO onto a stick."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import context
from builder.cli.output import size
from builder.errors import UsageError

if TYPE_CHECKING:
    from builder.media.sticks import Stick


def burn(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A hybrid or OEMDRV ISO.")],
    device: Annotated[Path, typer.Argument(metavar="DEVICE", help="A whole disk: /dev/sdb.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also onto a disk that is not removable.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Write an ISO to a USB stick, and read it back; all that was on the stick is lost.

    Never to a disk of which something is mounted, swap, held by LVM or RAID, or open in a process.
    """
    from builder.media import burn as burning
    from builder.media import sticks

    needed = burning.refuse(file)
    stick = sticks.look(device)
    sticks.refuse(stick, size=needed, force=force)
    monitor = context(ctx).monitor
    with burning.claimed(stick) as handle:  # before we ask: nobody can mount it meanwhile
        if not yes:
            _ask(file, stick)
        with monitor.step(f"Writing {file.name} to {device}"):
            burning.write(file, stick, handle, monitor=monitor)
    typer.echo(f"{device}: {size(needed)} of {file.name}, written and read back")


def _ask(file: Path, stick: "Stick") -> None:
    what = f"{stick.path} ({stick.model or 'no model'}, {size(stick.size)})"
    if not sys.stdin.isatty():
        raise UsageError(
            f"Nobody is here to say that all on {what} may go.", hint="--yes says so in scripts."
        )
    typer.confirm(f"All that is on {what} will be lost. Write {file.name}?", abort=True, err=True)
