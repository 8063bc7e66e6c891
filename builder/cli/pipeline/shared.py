"""What several commands of pipelines share."""

from typing import Annotated

import typer

File = Annotated[str, typer.Argument(help="A file, or the name of one of ours, such as nightly.")]
