"""What commands share: the settings and the monitor, and the options that several have."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from builder.config import Settings
from builder.monitor import Monitor

if TYPE_CHECKING:
    from builder.kickstart.library import Library

Events = Annotated[Path | None, typer.Option(help="File for what happens, a JSON object a line.")]
Firmware = Annotated[Literal["bios", "uefi"], typer.Option(help="How guests boot.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Medium = Annotated[str, typer.Option(help="Variant of the ISO: minimal, dvd, …")]
Variables = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Kickstart variable.")
]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The global options, resolved."""

    settings: Settings
    monitor: Monitor
    umask: int = -1
    """What files are made with that belong to the user's own programs; -1 is what we have."""

    @property
    def library(self) -> "Library":
        """Where kickstarts, profiles and releases are looked up."""
        from builder.kickstart.library import Library

        return Library(self.settings.kickstarts)


def context(ctx: typer.Context) -> Context:
    """Return what the global options resolved to."""
    found = ctx.obj
    if not isinstance(found, Context):
        raise TypeError("the application's callback did not run")
    return found
