"""builder doctor: what this machine has and lacks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json
from builder.errors import HostError
from builder.model.text import unbroken

if TYPE_CHECKING:
    from builder.host.doctor import Remark


def doctor(ctx: typer.Context, *, json: Json = False) -> None:
    """Tell what this machine has and lacks for builds."""
    from builder.host.doctor import examine

    found = examine(context(ctx).settings, monitor=context(ctx).monitor)
    typer.echo(to_json(found) if json else _sheet(found))
    failed = ", ".join(one.subject for one in found if one.state == "fail")
    if failed:
        raise HostError(f"This machine cannot build yet: {failed}.", hint="The remedies are above.")


def _sheet(found: Sequence["Remark"]) -> str:
    rows = [(one.state, one.subject, unbroken(one.detail)) for one in found]
    remedies = [f"{one.subject}: {one.hint}" for one in found if one.hint]
    return "\n".join([table(("", "WHAT", "FOUND"), rows), *remedies])
