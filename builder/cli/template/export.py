"""builder template export."""

from pathlib import Path
from typing import Annotated

import typer

from builder.cli.context import Json, Replace, context, written
from builder.cli.output import size, table, to_json
from builder.cli.template.shared import Reference, registry


def export(
    ctx: typer.Context,
    reference: Reference,
    *,
    form: Annotated[
        str,
        typer.Option("--format", "-f", help="raw, qcow2, vmdk, vhdx, ova, vagrant, oci or tar."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File to write, or a folder that is there.",
            metavar="PATH",
            parser=written,
        ),
    ] = Path(),
    compat: Annotated[
        bool, typer.Option("--compat", help="A qcow2 inside is for QEMU before 5.1, too.")
    ] = False,
    force: Replace = False,
    json: Json = False,
) -> None:
    """Write a template in the format of another tool, checked, with its line in SHA256SUMS."""
    from builder.export.order import ExportOrder
    from builder.export.run import export

    shared = context(ctx)
    order = ExportOrder(format=form, output=output, force=force, compat=compat)
    made = export(registry(shared).find(reference), order, monitor=shared.monitor)
    rows = [("path", str(made.path)), ("size", size(made.size)), ("sha256", made.sha256)]
    rows += [("needs", made.needs)] if made.needs else []
    typer.echo(to_json(made) if json else table(("format", made.format), rows))
