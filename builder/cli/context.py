"""What every command gets: the settings and the monitor."""

import msgspec
import typer

from builder.config import Settings
from builder.monitor import Monitor


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The global options, resolved."""

    settings: Settings
    monitor: Monitor


def context(ctx: typer.Context) -> Context:
    """Return what the global options resolved to."""
    found = ctx.obj
    if not isinstance(found, Context):
        raise TypeError("the application's callback did not run")
    return found
