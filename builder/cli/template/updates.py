"""builder template updates."""

from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json
from builder.cli.template.shared import Reference, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.recipes.newer import Update
    from builder.recipes.updates import Updates
    from builder.record.runs import Waiting

_HEADER = ("PACKAGE", "INSTALLED", "AVAILABLE", "ADVISORY", "SEVERITY", "CVES")
_PLAIN = 3
"""Columns where no vendor says more."""
_CVES = 3
"""Of a kernel there are hundreds: --json has them all."""


def updates(
    ctx: typer.Context,
    reference: Reference,
    *,
    security: Annotated[
        bool, typer.Option("--security", help="Only those with an advisory about security.")
    ] = False,
    json: Json = False,
) -> None:
    """Show which packages of a template have newer versions in its repositories.

    With the vendor's advisories, where there are any: the worst first. It exits with 0 also where
    there are updates; scripts read --json.
    """
    from msgspec.structs import replace

    from builder.recipes.updates import Repositories
    from builder.recipes.updates import updates as waiting
    from builder.registry.listing import look_at
    from builder.registry.registry import manifest

    shared = context(ctx)
    record = manifest(look_at(registry(shared), reference, monitor=shared.monitor))
    found = waiting(record, shared.library, Repositories(), monitor=shared.monitor)
    if security:
        found = replace(found, updates=tuple(each for each in found.updates if each.security))
    typer.echo(to_json(found) if json else "\n".join(_lines(found, security=security)))


def told(waiting: "Waiting", *, security: bool = False) -> str:
    """Return in words how many updates there are: "14 updates, 3 important"."""
    count = waiting.updates
    words = f"{count} update{'s' * (count != 1)}" if count else "no updates"
    if security and count:
        words = f"{waiting.security} of {words} for security"
    return f"{words}, {waiting.important} important" if waiting.important else words


def _lines(found: "Updates", *, security: bool) -> "Iterator[str]":
    waiting = found.waiting
    columns = len(_HEADER) if waiting.advisories else _PLAIN
    if found.updates:
        yield table(_HEADER[:columns], [_row(each)[:columns] for each in found.updates])
    if waiting.advisories:
        yield told(waiting, security=security)
    else:
        so = ", so nobody can tell which are for security" if security else ""
        yield f"{told(waiting)}; {found.release} has no repository with advisories{so}"


def _row(update: "Update") -> tuple[str, ...]:
    cves = update.cves
    return (
        f"{update.name}.{update.arch}",
        update.installed,
        update.available,
        _shortened([each.id for each in update.advisories], 1),
        update.severity or "-",
        _shortened(cves, _CVES),
    )


def _shortened(words: "list[str] | tuple[str, ...]", most: int) -> str:
    more = [f"+{len(words) - most}"] if len(words) > most else []
    return " ".join([*words[:most], *more]) or "-"
