"""builder attach."""

from typing import Annotated

import typer

from builder.cli.build import tell
from builder.cli.context import Artifacts, Events, context, linked
from builder.cli.template.supply import Sign, keyring


def attach(
    ctx: typer.Context,
    build: Annotated[
        str, typer.Argument(help="Its id, the beginning of that, its folder, or a name.")
    ],
    *,
    sign: Sign = None,
    events: Events = None,
    artifacts: Artifacts = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Go on with a build that was killed, or stopped by the host: join its guest and finish it."""
    from builder.host.host import open_host
    from builder.host.strays import located
    from builder.recipes.build import attach as join
    from builder.recipes.build import signing_key
    from builder.recipes.work import BuildOptions

    shared = linked(context(ctx), artifacts)
    options = BuildOptions(events=events, sign=sign.absolute() if sign else None)
    folder = located(shared.settings, build)
    known = keyring(sign or signing_key(folder))
    with open_host(shared.settings, shared.monitor) as host:
        built = join(folder, host=host, options=options, keyring=known, monitor=shared.monitor)
    tell(built, json=json)
