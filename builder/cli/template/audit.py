"""builder template audit: look at a published image's files again."""

from typing import TYPE_CHECKING

import typer

from builder.cli.context import Json, context
from builder.cli.output import table, to_json
from builder.cli.template.shared import Reference

if TYPE_CHECKING:
    from builder.model.audit import Finding


def audit(
    ctx: typer.Context,
    reference: Reference,
    *,
    json: Json = False,
) -> None:
    """Audit a template: is it sealed, and does it give nothing away?

    What its build waived stays waived. Exit code 9 when a check fails. Data that was deleted and is
    in the image still (freed-data) can be told of the installed disk alone: its build has looked.
    """
    from builder.host.host import open_host
    from builder.proof.checks import refuse
    from builder.recipes.audit import audit_template
    from builder.registry.listing import look_at
    from builder.registry.registry import Registry

    shared = context(ctx)
    with open_host(shared.settings, shared.monitor) as host:
        template = look_at(Registry(host.store_pool.path), reference, monitor=shared.monitor)
        found = audit_template(template, host=host, monitor=shared.monitor)
    typer.echo(to_json(found) if json else findings(found))
    refuse(found)


def findings(found: "tuple[Finding, ...]") -> str:
    """Return findings as lines for people."""
    rows = [
        (each.check, _verdict(each), "; ".join(each.details) if each.details else each.says)
        for each in found
    ]
    return table(("CHECK", "", "FOUND"), rows)


def _verdict(finding: "Finding") -> str:
    if finding.passed:
        return "ok"
    return "waived" if finding.waived else "FAILED"
