"""What several commands of pipelines share."""

from typing import Annotated

import typer

File = Annotated[str, typer.Argument(help="A file, or the name of one of ours, such as nightly.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Images of these names alone: 'rocky*-uefi'."),
]
Except = Annotated[
    list[str] | None,
    typer.Option("--except", metavar="GLOB", help="All but images of these names."),
]
