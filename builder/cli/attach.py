"""builder attach."""

from typing import Annotated

import typer

from builder.cli.build import summary
from builder.cli.context import Events, context
from builder.cli.output import to_json
from builder.cli.template.supply import Sign, keyring


def attach(
    ctx: typer.Context,
    build: Annotated[str, typer.Argument(help="Its id, the beginning of that, or its name.")],
    *,
    sign: Sign = None,
    events: Events = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Go on with a build that was killed, or stopped by the host: join its guest and finish it."""
    from builder.host.host import open_host
    from builder.recipes.build import attach as join
    from builder.recipes.build import signing_key
    from builder.recipes.work import BuildOptions
    from builder.record.builds import find

    shared = context(ctx)
    options = BuildOptions(events=events, sign=sign.absolute() if sign else None)
    folder = find(shared.settings.artifacts, build).folder
    known = keyring(sign or signing_key(folder))
    with open_host(shared.settings) as host:
        built = join(folder, host=host, options=options, keyring=known, monitor=shared.monitor)
    typer.echo(to_json(built) if json else summary(built))
