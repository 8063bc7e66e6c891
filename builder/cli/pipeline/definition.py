"""builder pipeline list, check, show and new."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli.context import Json, context, written
from builder.cli.output import table, to_json
from builder.cli.pipeline.shared import Except, File, Only
from builder.errors import ConfigError

if TYPE_CHECKING:
    from builder.pipeline.definition import Examined

_STARTER = Path(__file__).parent.parent / "starter" / "pipeline-new.toml"


def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List the pipelines that come with us, and those in the folder pipelines here."""
    from builder.pipeline.definition import available, called
    from builder.pipeline.overview import public

    found = available(context(ctx).library, monitor=context(ctx).monitor)
    rows = [
        (called(each), str(len(each.jobs)), str(each.limits.parallel), each.title) for each in found
    ]
    if json:
        typer.echo(to_json([public(each) for each in found]))
        return
    typer.echo(table(("NAME", "BUILDS", "PARALLEL", "TITLE"), rows))


def check(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files, or names of ours.")],
    *,
    json: Json = False,
) -> None:
    """Check pipelines: what each holds, or each mistake with its line, table and hint; exit 3.

    A warning tells of files that are named and not there.
    """
    from builder.pipeline.definition import examined, find

    library = context(ctx).library
    found = {name: examined(find(name), library, source=name) for name in files}
    if json:
        typer.echo(to_json([_row(name, each) for name, each in found.items()]))
    for name, each in found.items():
        if not json:
            typer.echo(_report(name, each))
        for absent in _missing(each):
            context(ctx).monitor.tell("warning", f"{name}: {absent}")
    wrong = [name for name, each in found.items() if each.findings]
    if wrong:
        many = sum(len(each.findings) for each in found.values())
        raise ConfigError(
            f"{', '.join(wrong)}: {'a mistake' if many == 1 else f'{many} mistakes'}.",
            hint="`builder pipeline new FILE` writes a file that explains every key.",
        )


def _row(name: str, examined: "Examined") -> dict[str, Any]:
    jobs = examined.pipeline.jobs if examined.pipeline else ()
    return {
        "file": name,
        "right": not examined.findings,
        "images": [job.name for job in jobs],
        "releases": sorted({job.request.release for job in jobs}),
        "findings": examined.findings,
        "missing": _missing(examined),
    }


def _missing(examined: "Examined") -> tuple[str, ...]:
    from builder.pipeline.named import missing

    return missing(examined.pipeline) if examined.pipeline else ()


def _report(name: str, examined: "Examined") -> str:
    from builder.pipeline.findings import shown

    if examined.pipeline is None:
        return "\n".join(map(shown, examined.findings))
    jobs = examined.pipeline.jobs
    releases = {job.request.release for job in jobs}
    return f"{name}: {_count(len(jobs), 'image')} from {_count(len(releases), 'release')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def show(
    ctx: typer.Context,
    file: File,
    *,
    only: Only = None,
    without: Except = None,
    json: Json = False,
) -> None:
    """Show what a pipeline comes to: its images, its limits, and what follows a run."""
    from builder.pipeline.choice import chosen
    from builder.pipeline.definition import find, load
    from builder.pipeline.overview import HEADER, facts, images, public

    pipeline = chosen(load(find(file), context(ctx).library), only or (), without or ())
    if json:
        typer.echo(to_json(public(pipeline)))
        return
    typer.echo(table(HEADER, images(pipeline)))
    typer.echo()
    typer.echo(table(("", ""), list(facts(pipeline))).lstrip("\n"))


def new(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it.", parser=written)
    ],
) -> None:
    """Write a pipeline to begin from, with every key explained; what exists is left alone."""
    from builder import files
    from builder.paths.targets import target

    place = target(file)
    with files.writing(place.parent), place.open("x", encoding="utf-8") as out:
        out.write(_STARTER.read_text(encoding="utf-8"))
    typer.echo(f"wrote  {file}")
    typer.echo(f"Next: builder pipeline check {shlex.quote(str(file))}")
