"""builder init."""

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from builder.cli.context import context
from builder.errors import UsageError

_STARTER = Path(__file__).parent / "starter"
_FILES = {
    "builder.toml": "builder.toml",
    "releases/own.toml": "release.toml",
    "kickstarts/own.ks.j2": "own.ks.j2",
    "kickstarts/profiles/own.toml": "profile.toml",
    "pipelines/own.toml": "pipeline.toml",
}
"""What is written, and what it is made of."""
_EXTENDED = "rocky9"
"""The release that the first own one extends."""


def init(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where to write, else here.")
    ] = Path(),
) -> None:
    """Write files to begin from: settings, a release, a profile and a pipeline of your own.

    A file that is there is left as it is.
    """
    from builder import files

    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is no folder.", hint="Name one, or one that is to be made.")
    kickstart = context(ctx).library.release(_EXTENDED).kickstart
    for name, source in _FILES.items():
        text = (_STARTER / source).read_text(encoding="utf-8").replace("@KICKSTART@", kickstart)
        path = folder / name
        with files.writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = _written(path, text)
        typer.echo(f"{'wrote' if fresh else 'kept '}  {path}")
    there = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    typer.echo(f"Next: {there}builder build own9 --profile own --dry-run")


def _written(path: Path, text: str) -> bool:
    """Write a new file, and tell whether it is one; what is there stays, a link as well."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True
