"""builder pipeline test-notify."""

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json
from builder.cli.pipeline.shared import File


def notify_test(ctx: typer.Context, file: File, *, json: Json = False) -> None:
    """Send a test message to each place that [notify] names; exit 4 if one did not get it."""
    from builder.errors import ConfigError, HostError
    from builder.pipeline.definition import find, load
    from builder.pipeline.notify.places import tell_a_trial

    here = context(ctx)
    pipeline = load(find(file), here.library)
    told = tell_a_trial(pipeline, monitor=here.monitor)
    if not told:
        raise ConfigError(
            f"{pipeline.source} names nobody who is to be told.",
            hint="[notify] has command, [notify.mail] and [notify.webhook].",
        )
    rows = [
        (each.place, each.what, " ".join(filter(None, (each.error, each.hint))) or "delivered")
        for each in told
    ]
    typer.echo(to_json(told) if json else table(("PLACE", "TO", "RESULT"), rows))
    if missed := [each.place for each in told if each.error]:
        raise HostError(f"Not told by {', '.join(missed)}.", hint="The table has the reason.")
