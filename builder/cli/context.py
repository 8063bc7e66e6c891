"""What commands share: the settings and the monitor, and the options that several have."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer
from msgspec.structs import replace

from builder.config import Settings
from builder.monitor import Monitor

if TYPE_CHECKING:
    from builder.kickstart.library import Library

Artifacts = Annotated[
    Path | None,
    typer.Option(
        help="Folder to link the build from at its end; else ./artifacts, if it is there."
    ),
]


def written(text: str | Path) -> Path:
    """Return what an option names that is to be written. Raises UsageError; see `targets`."""
    from builder.paths import targets

    return targets.named(str(text))


def _stream(path: Path | None) -> Path | None:
    from builder.paths import targets

    if path is None or str(path) == "-":
        return path and targets.stream(path)
    from builder.record.events import refuse_foreign

    place = targets.stream(path)
    refuse_foreign(place)
    return place


Events = Annotated[
    Path | None,
    typer.Option(
        help="File for what happens, a JSON object a line; - is standard output.",
        metavar="FILE",
        parser=written,
        callback=_stream,
    ),
]
Firmware = Annotated[
    Literal["bios", "uefi", "hybrid"], typer.Option(help="How guests boot; hybrid is both.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Medium = Annotated[str, typer.Option(help="Variant of the ISO: minimal, dvd, …")]
MOST_MIB, MOST_GIB = 2**24, 2**16
"""Of machines and volumes: more than hypervisors give; beyond, libvirt's answers are riddles."""
Replace = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
Variables = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Kickstart variable.")
]


class Context(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The global options, resolved."""

    settings: Settings
    monitor: Monitor
    umask: int = -1
    """What files are made with that belong to the user's own programs; -1 is what we have."""

    @cached_property
    def library(self) -> "Library":
        """Where kickstarts, profiles and releases are looked up; files that are lost are told."""
        from builder.kickstart.library import library

        settings = self.settings
        found = library(settings.kickstarts, settings.release_folders, folder=settings.releases)
        for flaw in found.rows.flaws:
            self.monitor.tell("warning", flaw)
        return found


def context(ctx: typer.Context) -> Context:
    """Return what the global options resolved to."""
    found = ctx.obj
    if not isinstance(found, Context):
        raise TypeError("the application's callback did not run")
    return found


def linked(shared: Context, artifacts: Path | None) -> Context:
    """Return the context with another folder that builds are linked from, if one is given."""
    if artifacts is None:
        return shared
    return replace(shared, settings=replace(shared.settings, artifacts=artifacts.absolute()))
