"""What every command gets: the settings and the monitor."""

from typing import TYPE_CHECKING

import msgspec
import typer

from builder.config import Settings
from builder.monitor import Monitor

if TYPE_CHECKING:
    from builder.kickstart.library import Library


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The global options, resolved."""

    settings: Settings
    monitor: Monitor

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
