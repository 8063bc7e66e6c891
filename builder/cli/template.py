"""builder template: what has been published, and what becomes of it."""

import typer

from builder.cli.templates.audit import audit
from builder.cli.templates.channels import promote, revoke, rollback
from builder.cli.templates.clone import clone
from builder.cli.templates.diff import diff
from builder.cli.templates.export import export
from builder.cli.templates.listing import list_
from builder.cli.templates.removal import delete, prune
from builder.cli.templates.show import show
from builder.cli.templates.supply import provenance, sbom, sign, verify

app = typer.Typer(no_args_is_help=True, help="Published templates: versions and channels.")

# A line for each command, in the order of the help.
app.command("list")(list_)
app.command()(show)
app.command()(diff)
app.command()(promote)
app.command()(rollback)
app.command()(revoke)
app.command()(delete)
app.command()(prune)
app.command()(audit)
app.command()(clone)
app.command()(export)
app.command()(sbom)
app.command()(provenance)
app.command()(sign)
app.command()(verify)
