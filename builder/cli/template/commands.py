"""builder template: what has been published, and what becomes of it."""

import typer

from builder.cli.template.audit import audit
from builder.cli.template.channels import channel, promote, revoke, rollback
from builder.cli.template.clone import clone
from builder.cli.template.diff import diff
from builder.cli.template.export import export
from builder.cli.template.listing import list_
from builder.cli.template.removal import delete, prune
from builder.cli.template.show import show
from builder.cli.template.supply import provenance, sbom, sign, verify
from builder.cli.template.updates import updates

app = typer.Typer(no_args_is_help=True, help="Published templates: versions and channels.")

# A line for each command, in the order of the help.
app.command("list")(list_)
app.command()(show)
app.command()(diff)
app.command()(updates)
app.command()(promote)
app.command()(rollback)
app.command()(revoke)
app.add_typer(channel, name="channel")
app.command()(delete)
app.command()(prune)
app.command()(audit)
app.command()(clone)
app.command()(export)
app.command()(sbom)
app.command()(provenance)
app.command()(sign)
app.command()(verify)
